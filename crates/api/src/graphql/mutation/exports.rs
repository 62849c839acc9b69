//! Taking events out of the log.

use async_graphql::{Context, Object, Result};

use super::super::export::{
    self, CancelExportInput, CancelExportPayload, RequestExportInput, RequestExportPayload,
};
use super::super::permissions::{Allowed, Root};

#[derive(Default)]
pub(in crate::graphql) struct ExportsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl ExportsMutation {
    /// Has the events that match written into a file, as they are now. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn request_export(
        &self,
        context: &Context<'_>,
        input: RequestExportInput,
    ) -> Result<RequestExportPayload> {
        export::request(context, input).await
    }

    /// Ends an export that is under way; removes the file of an ended one.
    #[graphql(complexity = "500 + child_complexity")]
    async fn cancel_export(
        &self,
        context: &Context<'_>,
        input: CancelExportInput,
    ) -> Result<CancelExportPayload> {
        export::cancel(context, input).await
    }
}

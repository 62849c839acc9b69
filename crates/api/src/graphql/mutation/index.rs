//! Filling the search index anew.

use async_graphql::{Context, Object, Result};

use super::super::permissions::{Allowed, Root};
use super::super::rebuild::{
    self, CancelSearchIndexRebuildInput, CancelSearchIndexRebuildPayload, RebuildSearchIndexInput,
    RebuildSearchIndexPayload,
};

#[derive(Default)]
pub(in crate::graphql) struct IndexMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl IndexMutation {
    /// Has the search index of this node filled anew while it answers. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn rebuild_search_index(
        &self,
        context: &Context<'_>,
        input: RebuildSearchIndexInput,
    ) -> Result<RebuildSearchIndexPayload> {
        rebuild::begin(context, input).await
    }

    /// Ends the rebuild of the search index; the index that answers is not touched. That is itself an
    /// event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn cancel_search_index_rebuild(
        &self,
        context: &Context<'_>,
        input: CancelSearchIndexRebuildInput,
    ) -> Result<CancelSearchIndexRebuildPayload> {
        rebuild::cancel(context, input).await
    }
}

//! Keeping questions.

use async_graphql::{Context, Object, Result};

use super::super::permissions::{Allowed, Root};
use super::super::views::{
    self, DeleteSavedViewInput, DeleteSavedViewPayload, SaveViewInput, SaveViewPayload,
    SetDefaultViewInput, SetDefaultViewPayload,
};

#[derive(Default)]
pub(in crate::graphql) struct ViewsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl ViewsMutation {
    /// Makes a view, or changes one.
    #[graphql(complexity = "500 + child_complexity")]
    async fn save_view(
        &self,
        context: &Context<'_>,
        input: SaveViewInput,
    ) -> Result<SaveViewPayload> {
        views::save(context, input).await
    }

    /// Deletes a view.
    #[graphql(complexity = "500 + child_complexity")]
    async fn delete_saved_view(
        &self,
        context: &Context<'_>,
        input: DeleteSavedViewInput,
    ) -> Result<DeleteSavedViewPayload> {
        views::delete(context, input).await
    }

    /// Chooses the view that lists begin with.
    #[graphql(complexity = "500 + child_complexity")]
    async fn set_default_view(
        &self,
        context: &Context<'_>,
        input: SetDefaultViewInput,
    ) -> Result<SetDefaultViewPayload> {
        views::set_default(context, input).await
    }
}

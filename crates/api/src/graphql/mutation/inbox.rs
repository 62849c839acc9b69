//! What becomes of messages in inboxes.

use async_graphql::{Context, Object, Result};

use super::super::inbox::{
    self, ArchiveNotificationsInput, ArchiveNotificationsPayload, MarkNotificationsReadInput,
    MarkNotificationsReadPayload,
};
use super::super::permissions::{Allowed, Root};

#[derive(Default)]
pub(in crate::graphql) struct InboxMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl InboxMutation {
    /// Marks messages of the caller as read, or of a role's inbox that they read. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn mark_notifications_read(
        &self,
        context: &Context<'_>,
        input: MarkNotificationsReadInput,
    ) -> Result<MarkNotificationsReadPayload> {
        inbox::mark_read(context, input).await
    }

    /// Puts messages of the caller away, or of a role's inbox that they read. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn archive_notifications(
        &self,
        context: &Context<'_>,
        input: ArchiveNotificationsInput,
    ) -> Result<ArchiveNotificationsPayload> {
        inbox::archive(context, input).await
    }
}

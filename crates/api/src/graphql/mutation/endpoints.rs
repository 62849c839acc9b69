//! Places that take notifications.

use async_graphql::{Context, Object, Result};

use super::super::endpoints::{
    self, ChangeNotificationEndpointInput, ChangeNotificationEndpointPayload,
    CreateNotificationEndpointInput, CreateNotificationEndpointPayload,
    RemoveNotificationEndpointInput, RemoveNotificationEndpointPayload,
    ReplayNotificationEndpointInput, ReplayNotificationEndpointPayload,
    RotateNotificationEndpointInput, RotateNotificationEndpointPayload,
    TestNotificationEndpointInput, TestNotificationEndpointPayload,
};
use super::super::permissions::{Allowed, Root};

#[derive(Default)]
pub(in crate::graphql) struct EndpointsMutation;

#[Object(guard = "Allowed(Root::Mutation)")]
impl EndpointsMutation {
    /// Makes a place that takes notifications. Its secret is in this answer and nowhere else.
    #[graphql(complexity = "500 + child_complexity")]
    async fn create_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: CreateNotificationEndpointInput,
    ) -> Result<CreateNotificationEndpointPayload> {
        endpoints::create(context, input).await
    }

    /// Changes an endpoint, or switches it on or off.
    #[graphql(complexity = "500 + child_complexity")]
    async fn change_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: ChangeNotificationEndpointInput,
    ) -> Result<ChangeNotificationEndpointPayload> {
        endpoints::change(context, input).await
    }

    /// Takes an endpoint away. What is still on its way to it is given up.
    #[graphql(complexity = "500 + child_complexity")]
    async fn remove_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: RemoveNotificationEndpointInput,
    ) -> Result<RemoveNotificationEndpointPayload> {
        endpoints::remove(context, input).await
    }

    /// Gives an endpoint a new secret; the one before signs for a day longer.
    #[graphql(complexity = "500 + child_complexity")]
    async fn rotate_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: RotateNotificationEndpointInput,
    ) -> Result<RotateNotificationEndpointPayload> {
        endpoints::rotate(context, input).await
    }

    /// Has an endpoint sent a message, to see whether it takes one. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn test_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: TestNotificationEndpointInput,
    ) -> Result<TestNotificationEndpointPayload> {
        endpoints::test(context, input).await
    }

    /// Has an endpoint sent once more what it was sent about events of a time, with the same ids. That is
    /// itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn replay_notification_endpoint(
        &self,
        context: &Context<'_>,
        input: ReplayNotificationEndpointInput,
    ) -> Result<ReplayNotificationEndpointPayload> {
        endpoints::replay(context, input).await
    }
}

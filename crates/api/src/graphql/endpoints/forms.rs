//! What is asked of endpoints, and what is answered.

use async_graphql::{ID, InputObject, SimpleObject};

use super::super::query::AllQueries;
use super::super::scalars::DateTime;
use super::super::user_error::UserError;
use super::{
    NotificationEndpoint, NotificationEndpointKind, NotificationPayload, NotificationSignature,
};

/// An endpoint to make.
#[derive(InputObject)]
pub(in crate::graphql) struct CreateNotificationEndpointInput {
    /// In words, for people.
    pub(super) name: String,
    /// In which form it takes messages; does not change.
    pub(super) kind: NotificationEndpointKind,
    /// Where to, in full: `https://…`.
    pub(super) url: String,
    /// How messages are signed; webhooks only, HMAC when absent. Does not change.
    pub(super) signature: Option<NotificationSignature>,
    /// How much they say; thin when absent.
    pub(super) payload: Option<NotificationPayload>,
    /// Id of the template at the other end; adapters only.
    pub(super) template_id: Option<String>,
    /// Whether it is sent anything.
    #[graphql(default = true)]
    pub(super) is_enabled: bool,
}

/// An endpoint as it shall be; what is not named stays.
#[derive(InputObject)]
pub(in crate::graphql) struct ChangeNotificationEndpointInput {
    /// Which one.
    pub(super) id: ID,
    /// In words, for people.
    pub(super) name: Option<String>,
    /// Where to, in full.
    pub(super) url: Option<String>,
    /// How much messages say.
    pub(super) payload: Option<NotificationPayload>,
    /// Id of the template at the other end; adapters only, none when empty.
    pub(super) template_id: Option<String>,
    /// Whether it is sent anything.
    pub(super) is_enabled: Option<bool>,
    /// The `eventId` of the endpoint that was seen; without it, whatever there is is changed.
    pub(super) seen_event_id: Option<ID>,
}

/// Which endpoint.
#[derive(InputObject)]
pub(in crate::graphql) struct RemoveNotificationEndpointInput {
    /// Identifies it.
    pub(super) id: ID,
    /// The `eventId` of the endpoint that was seen; without it, whatever there is is taken away.
    pub(super) seen_event_id: Option<ID>,
}

/// Which endpoint.
#[derive(InputObject)]
pub(in crate::graphql) struct RotateNotificationEndpointInput {
    /// Identifies it.
    pub(super) id: ID,
}

/// Which endpoint.
#[derive(InputObject)]
pub(in crate::graphql) struct TestNotificationEndpointInput {
    /// Identifies it.
    pub(super) id: ID,
}

/// Which endpoint, and of which time.
#[derive(InputObject)]
pub(in crate::graphql) struct ReplayNotificationEndpointInput {
    /// Identifies it.
    pub(super) id: ID,
    /// About events that were recorded from then on,
    pub(super) from: DateTime,
    /// and before this time, which must not be in the future.
    pub(super) to: DateTime,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct CreateNotificationEndpointPayload {
    /// The endpoint; null when it could not be made.
    pub(super) endpoint: Option<NotificationEndpoint>,
    /// What verifies HMAC signatures: `whsec_` and base64. Shown this one time.
    pub(super) secret: Option<String>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ChangeNotificationEndpointPayload {
    /// The endpoint as it is now; null when it could not be changed.
    pub(super) endpoint: Option<NotificationEndpoint>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RemoveNotificationEndpointPayload {
    /// The endpoint that is gone; null when it could not be removed.
    pub(super) removed_id: Option<ID>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RotateNotificationEndpointPayload {
    /// The endpoint; null when it got no new secret.
    pub(super) endpoint: Option<NotificationEndpoint>,
    /// What verifies HMAC signatures from now on. Shown this one time.
    pub(super) secret: Option<String>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct TestNotificationEndpointPayload {
    /// The message that is on its way, to be looked for among the deliveries; null when there is none.
    pub(super) delivery_id: Option<ID>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

/// What became of it.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ReplayNotificationEndpointPayload {
    /// How many messages are sent once more; null when none are.
    pub(super) messages: Option<u64>,
    /// What is wrong with the input.
    pub(super) user_errors: Vec<UserError>,
    /// To ask further.
    pub(super) query: AllQueries,
}

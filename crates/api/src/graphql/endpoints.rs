//! Endpoints that take notifications.

mod forms;

use annals_domain::notification::{EndpointKind as Kind, Payload as Says, SignatureKind as Signs};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

pub(super) use self::forms::*;
use super::deliveries::{self, DeliveryState, NotificationDeliveryConnection};
use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::{AllQueries, caller, page_size, recorder};
use super::scalars::DateTime;
use super::user_error::told;
use crate::endpoints::requests::{self, Range};
use crate::endpoints::{self, Change, Shown, Wanted};
use crate::seen::Seen;

#[derive(Default)]
pub(crate) struct EndpointsQuery;

/// In which form an endpoint takes messages.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "annals_domain::notification::EndpointKind")]
pub(super) enum NotificationEndpointKind {
    /// Standard Webhooks: a signed POST.
    Webhook,
    /// What Slack's incoming webhooks take.
    Slack,
    /// `template_id` and `personalisation`, as services with templates of their own take it.
    Adapter,
}

/// How messages are signed.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "annals_domain::notification::SignatureKind")]
pub(super) enum NotificationSignature {
    /// HMAC-SHA256 with a secret that both sides have.
    Hmac,
    /// The receiver has the public key alone.
    Ed25519,
}

/// How much a message says.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "annals_domain::notification::Payload")]
pub(super) enum NotificationPayload {
    /// That something happened, to whom, and where to ask for more.
    Thin,
    /// Title and sentence as well.
    Full,
}

/// A place that takes notifications of the tenant.
#[derive(SimpleObject)]
pub(super) struct NotificationEndpoint {
    /// Does not change.
    id: ID,
    /// The event that made it so; tells changes what was seen.
    event_id: ID,
    /// In words, for people.
    name: String,
    /// In which form it takes messages.
    kind: NotificationEndpointKind,
    /// Scheme, host and port of its URL. The path may hold a secret and is not shown.
    origin: String,
    /// How messages are signed; null where nothing is.
    signature: Option<NotificationSignature>,
    /// What verifies ed25519 signatures: `whpk_` and base64.
    public_key: Option<String>,
    /// How much they say.
    payload: NotificationPayload,
    /// Id of the template at the other end; adapters only.
    template_id: Option<String>,
    /// Whether it is sent anything.
    is_enabled: bool,
    /// Why it was switched off.
    disabled_because: Option<String>,
    /// When its secret was changed last; the one before still signs for a day.
    rotated_at: Option<DateTime>,
}

impl From<Shown> for NotificationEndpoint {
    fn from(Shown { endpoint, public_key }: Shown) -> Self {
        let signs = endpoint.kind == Kind::Webhook;
        Self {
            id: ID(endpoint.id.to_string()),
            event_id: ID(endpoint.event.to_string()),
            name: endpoint.name,
            kind: endpoint.kind.into(),
            origin: endpoint.url,
            signature: signs.then(|| endpoint.signature.into()),
            public_key,
            payload: endpoint.payload.into(),
            template_id: endpoint.template_id,
            is_enabled: endpoint.enabled,
            disabled_because: endpoint.disabled_because,
            rotated_at: endpoint.rotated_at.map(Into::into),
        }
    }
}

#[Object(guard = "Allowed(Root::Query)")]
impl EndpointsQuery {
    /// The endpoints of the tenant, by name.
    #[graphql(complexity = "50 + child_complexity")]
    async fn notification_endpoints(
        &self,
        context: &Context<'_>,
    ) -> Result<Vec<NotificationEndpoint>> {
        let (api, caller) = caller(context)?;
        let all = endpoints::list(api, caller).map_err(failed)?;
        Ok(all.into_iter().map(Into::into).collect())
    }

    /// Messages on their way out of Annals, newest first, with what became of them. What they say, and to
    /// whom, is not shown.
    #[graphql(complexity = "page_size(first, None) * child_complexity")]
    async fn notification_deliveries(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
        #[graphql(desc = "Begin after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only those to this endpoint.")] endpoint_id: Option<ID>,
        #[graphql(desc = "Only those that stand there.")] state: Option<DeliveryState>,
    ) -> Result<NotificationDeliveryConnection> {
        let (api, caller) = caller(context)?;
        let asked = deliveries::list(api, caller, (first, after), endpoint_id, state);
        asked.await.map_err(failed)
    }
}

/// `createNotificationEndpoint(input)`
pub(super) async fn create(
    context: &Context<'_>,
    input: CreateNotificationEndpointInput,
) -> Result<CreateNotificationEndpointPayload> {
    let (api, caller) = recorder(context)?;
    let wanted = Wanted {
        name: input.name,
        kind: input.kind.into(),
        url: input.url,
        signature: input.signature.map(Signs::from),
        payload: input.payload.map(Says::from).unwrap_or_default(),
        template_id: input.template_id,
        enabled: input.is_enabled,
    };
    let (made, user_errors) = told(endpoints::create(api, caller, wanted).await, "id")?;
    let (endpoint, secret) = made.map(|made| (made.shown.into(), made.secret)).unzip();
    let (secret, query) = (secret.flatten(), AllQueries::default());
    Ok(CreateNotificationEndpointPayload { endpoint, secret, user_errors, query })
}

/// `changeNotificationEndpoint(input)`
pub(super) async fn change(
    context: &Context<'_>,
    input: ChangeNotificationEndpointInput,
) -> Result<ChangeNotificationEndpointPayload> {
    let (api, caller) = recorder(context)?;
    let change = Change {
        name: input.name,
        url: input.url,
        payload: input.payload.map(Says::from),
        template_id: input.template_id,
        enabled: input.is_enabled,
    };
    let seen = Seen::of_id(input.seen_event_id.as_ref().map(|id| id.as_str()));
    let changed = endpoints::change(api, caller, &input.id, change, seen).await;
    let (shown, user_errors) = told(changed, "id")?;
    let (endpoint, query) = (shown.map(Into::into), AllQueries::default());
    Ok(ChangeNotificationEndpointPayload { endpoint, user_errors, query })
}

/// `removeNotificationEndpoint(input)`
pub(super) async fn remove(
    context: &Context<'_>,
    input: RemoveNotificationEndpointInput,
) -> Result<RemoveNotificationEndpointPayload> {
    let (api, caller) = recorder(context)?;
    let seen = Seen::of_id(input.seen_event_id.as_ref().map(|id| id.as_str()));
    let removed = endpoints::remove(api, caller, &input.id, seen).await;
    let (removed, user_errors) = told(removed, "id")?;
    let (removed_id, query) = (removed.map(|()| input.id), AllQueries::default());
    Ok(RemoveNotificationEndpointPayload { removed_id, user_errors, query })
}

/// `rotateNotificationEndpoint(input)`
pub(super) async fn rotate(
    context: &Context<'_>,
    input: RotateNotificationEndpointInput,
) -> Result<RotateNotificationEndpointPayload> {
    let (api, caller) = recorder(context)?;
    let (made, user_errors) = told(endpoints::rotate(api, caller, &input.id).await, "id")?;
    let (endpoint, secret) = made.map(|made| (made.shown.into(), made.secret)).unzip();
    let (secret, query) = (secret.flatten(), AllQueries::default());
    Ok(RotateNotificationEndpointPayload { endpoint, secret, user_errors, query })
}

/// `testNotificationEndpoint(input)`
pub(super) async fn test(
    context: &Context<'_>,
    input: TestNotificationEndpointInput,
) -> Result<TestNotificationEndpointPayload> {
    let (api, caller) = caller(context)?;
    let (sent, user_errors) = told(requests::test(api, caller, &input.id).await, "id")?;
    let (delivery_id, query) = (sent.map(|id| ID(id.to_string())), AllQueries::default());
    Ok(TestNotificationEndpointPayload { delivery_id, user_errors, query })
}

/// `replayNotificationEndpoint(input)`
pub(super) async fn replay(
    context: &Context<'_>,
    input: ReplayNotificationEndpointInput,
) -> Result<ReplayNotificationEndpointPayload> {
    let (api, caller) = caller(context)?;
    let range = Range { from: input.from.0.to_string(), to: input.to.0.to_string() };
    let (count, user_errors) = told(requests::replay(api, caller, &input.id, &range).await, "id")?;
    let (messages, query) = (count.map(|count| count as u64), AllQueries::default());
    Ok(ReplayNotificationEndpointPayload { messages, user_errors, query })
}

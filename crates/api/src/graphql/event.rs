//! `AuditEvent` and what it is made of.

use annals_domain::Recorded;
use annals_domain::event;
use annals_domain::sentence::sentence_of;
use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::failure::failed;
use super::integrity::{InclusionProof, proof};
use super::query::page_size;
use super::related::{EventRelation, RelatedEventConnection, related};
use super::scalars::{
    ActorType, ChangeOperation, DateTime, Json, Operation, OutcomeStatus, Severity,
};
use crate::context::Api;

/// A recorded event: who did what, to what, when, from where, why, with which outcome.
#[derive(Clone)]
pub(super) struct AuditEvent {
    pub(super) recorded: Recorded,
    pub(super) api: Api,
}

/// Something that happened, as it was recorded. It never changes.
#[Object]
impl AuditEvent {
    /// Identifies the event for ever.
    async fn id(&self) -> ID {
        ID(self.recorded.event.id.to_string())
    }

    /// Catalogue entry, such as `user.password.changed`.
    #[graphql(name = "type")]
    async fn event_type(&self) -> &str {
        &self.recorded.event.event_type
    }

    /// Version of the catalogue entry that `metadata` is shown in.
    async fn schema_version(&self) -> u32 {
        self.recorded.event.schema_version
    }

    /// Tenant it belongs to.
    async fn tenant(&self) -> &str {
        self.recorded.event.tenant.as_str()
    }

    /// Application or component that reported it.
    async fn source(&self) -> &str {
        &self.recorded.event.source
    }

    /// Such as `production`.
    async fn environment(&self) -> Option<&str> {
        self.recorded.event.environment.as_deref()
    }

    /// Version of the application.
    async fn app_version(&self) -> Option<&str> {
        self.recorded.event.app_version.as_deref()
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.recorded.event.occurred_at)
    }

    /// When Annals took it on.
    async fn received_at(&self) -> DateTime {
        DateTime(self.recorded.event.received_at)
    }

    /// What kind of act.
    async fn operation(&self) -> Operation {
        self.recorded.event.operation.into()
    }

    /// How much attention it deserves.
    async fn severity(&self) -> Severity {
        self.recorded.event.severity.into()
    }

    /// How it ended.
    async fn outcome(&self) -> Outcome {
        let outcome = self.recorded.event.outcome.clone();
        Outcome { status: outcome.status.into(), code: outcome.code, reason: outcome.reason }
    }

    /// Free text by the application.
    async fn description(&self) -> Option<&str> {
        self.recorded.event.description.as_deref()
    }

    /// The event in one sentence.
    async fn sentence(&self) -> String {
        sentence_of(&self.recorded.event, &self.api.catalogue)
    }

    /// Whether the subject was told.
    async fn significant(&self) -> bool {
        let entry = self.api.catalogue.find(&self.recorded.event.event_type);
        entry.is_some_and(|entry| entry.significant)
    }

    /// Who acted.
    async fn actor(&self) -> Actor {
        self.recorded.event.actor.clone().into()
    }

    /// In whose name.
    async fn on_behalf_of(&self) -> Vec<Actor> {
        self.recorded.event.on_behalf_of.iter().cloned().map(Actor::from).collect()
    }

    /// Whose account or data it concerns.
    async fn subject(&self) -> Option<Subject> {
        self.recorded.event.subject.clone().map(|subject| Subject {
            id: subject.id,
            name: subject.name,
            alt_ids: object(&subject.alt_ids),
        })
    }

    /// What was acted upon.
    async fn targets(&self) -> Vec<Target> {
        let target = |target: event::Target| Target {
            target_type: target.target_type,
            id: target.id,
            name: target.name,
            owner: target.owner,
        };
        self.recorded.event.targets.iter().cloned().map(target).collect()
    }

    /// What changed.
    async fn changes(&self) -> Vec<Change> {
        let change = |change: event::Change| Change {
            path: change.path,
            op: change.op.into(),
            before: async_graphql::Json(change.before),
            after: async_graphql::Json(change.after),
        };
        self.recorded.event.changes.iter().cloned().map(change).collect()
    }

    /// From where.
    async fn client(&self) -> Client {
        let client = self.recorded.event.client.clone();
        Client {
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            user_agent: client.user_agent,
            device: client.device.map(Device::from),
            geo: client.geo.map(Geo::from),
        }
    }

    /// In which sign-in session.
    async fn session(&self) -> Option<Session> {
        self.recorded.event.session.clone().map(|session| Session {
            id: session.id,
            auth_method: session.auth_method,
            mfa: session.mfa,
        })
    }

    /// In which request.
    async fn request(&self) -> RequestContext {
        let request = self.recorded.event.request.clone();
        RequestContext {
            id: request.id,
            correlation_id: request.correlation_id,
            causation_id: request.causation_id,
            traceparent: request.traceparent,
        }
    }

    /// Why.
    async fn justification(&self) -> Option<Justification> {
        self.recorded.event.justification.clone().map(|justification| Justification {
            reason: justification.reason,
            ticket: justification.ticket,
            legal_basis: justification.legal_basis,
        })
    }

    /// Further facts.
    async fn metadata(&self) -> Json {
        async_graphql::Json(serde_json::Value::Object(self.recorded.event.metadata.clone()))
    }

    /// Short names and values.
    async fn labels(&self) -> Json {
        object(&self.recorded.event.labels)
    }

    /// Its stream in the log.
    async fn stream(&self) -> &str {
        self.recorded.stream.as_str()
    }

    /// Place in its stream.
    async fn revision(&self) -> u64 {
        self.recorded.revision.0
    }

    /// Cursor of its place in the whole log.
    async fn position(&self) -> String {
        self.api.cursors.position(self.recorded.position)
    }

    /// Events that belong together with this one, as they happened.
    #[graphql(complexity = "20 + page_size(first, None) * child_complexity")]
    async fn related(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "By what; by all but target and actor when not named.")] by: Option<
            Vec<EventRelation>,
        >,
        #[graphql(desc = "How many.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
    ) -> Result<RelatedEventConnection> {
        related(context, self.recorded.event.id, by, first, after).await
    }

    /// That the log holds it, for whoever trusts nobody. Right after the event was
    /// recorded it takes about a second.
    #[graphql(complexity = "20 + child_complexity")]
    async fn proof(&self) -> Result<InclusionProof> {
        proof(&self.api, self.recorded.position).await.map_err(failed)
    }

    /// Parts that can no longer be read, because the person they concern was erased.
    async fn erased(&self) -> &[String] {
        &self.recorded.erased
    }

    /// The version in which the event is stored, when it is shown in a newer one.
    async fn stored_schema_version(&self) -> Option<u32> {
        self.recorded.stored_schema_version
    }
}

/// How an act ended, and why.
#[derive(SimpleObject)]
pub(super) struct Outcome {
    /// How it ended.
    status: OutcomeStatus,
    /// Machine-readable cause.
    code: Option<String>,
    /// Cause for people.
    reason: Option<String>,
}

/// Who acted, as they were at the time.
#[derive(SimpleObject)]
pub(super) struct Actor {
    /// What kind of being.
    #[graphql(name = "type")]
    actor_type: ActorType,
    /// Stable identifier within the tenant.
    id: Option<String>,
    /// Display name.
    name: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Roles held at the time.
    roles: Vec<String>,
    /// Identifiers in other systems.
    alt_ids: Json,
}

impl From<event::Actor> for Actor {
    fn from(actor: event::Actor) -> Self {
        Self {
            actor_type: actor.actor_type.into(),
            alt_ids: object(&actor.alt_ids),
            id: actor.id,
            name: actor.name,
            email: actor.email,
            roles: actor.roles,
        }
    }
}

/// The person whose account or data an event concerns.
#[derive(SimpleObject)]
pub(super) struct Subject {
    /// Stable identifier within the tenant.
    id: String,
    /// Display name.
    name: Option<String>,
    /// Identifiers in other systems.
    alt_ids: Json,
}

/// What was acted upon.
#[derive(SimpleObject)]
pub(super) struct Target {
    /// Kind of thing.
    #[graphql(name = "type")]
    target_type: String,
    /// Which one.
    id: Option<String>,
    /// Display name.
    name: Option<String>,
    /// Identifier of its owner.
    owner: Option<String>,
}

/// One changed value.
#[derive(SimpleObject)]
pub(super) struct Change {
    /// JSON pointer of what changed.
    path: String,
    /// What happened to it.
    op: ChangeOperation,
    /// Value before.
    before: Json,
    /// Value after.
    after: Json,
}

/// From where somebody acted.
#[derive(SimpleObject)]
pub(super) struct Client {
    /// Address.
    ip: Option<String>,
    /// Raw user agent.
    user_agent: Option<String>,
    /// Device.
    device: Option<Device>,
    /// Place.
    geo: Option<Geo>,
}

/// What somebody acted with.
#[derive(SimpleObject)]
pub(super) struct Device {
    /// Model or name.
    name: Option<String>,
    /// Such as `desktop` or `mobile`.
    #[graphql(name = "type")]
    device_type: Option<String>,
    /// Operating system.
    os: Option<String>,
    /// Browser or client program.
    browser: Option<String>,
}

impl From<event::Device> for Device {
    fn from(device: event::Device) -> Self {
        let event::Device { name, device_type, os, browser } = device;
        Self { name, device_type, os, browser }
    }
}

/// Where somebody was.
#[derive(SimpleObject)]
pub(super) struct Geo {
    /// Country code.
    country: Option<String>,
    /// State or region.
    region: Option<String>,
    /// City.
    city: Option<String>,
}

impl From<event::Geo> for Geo {
    fn from(geo: event::Geo) -> Self {
        Self { country: geo.country, region: geo.region, city: geo.city }
    }
}

/// A sign-in session.
#[derive(SimpleObject)]
pub(super) struct Session {
    /// Identifier of the session.
    id: Option<String>,
    /// Such as `password` or `saml`.
    auth_method: Option<String>,
    /// Whether a second factor was used.
    mfa: Option<bool>,
}

/// Ties an event to others of the same request or trace.
#[derive(SimpleObject)]
pub(super) struct RequestContext {
    /// Identifier of the request.
    id: Option<String>,
    /// Identifier of the business operation.
    correlation_id: Option<String>,
    /// Identifier of the cause.
    causation_id: Option<String>,
    /// W3C trace context.
    traceparent: Option<String>,
}

/// Why somebody acted.
#[derive(SimpleObject)]
pub(super) struct Justification {
    /// For people.
    reason: Option<String>,
    /// Ticket or case number.
    ticket: Option<String>,
    /// Such as `consent`.
    legal_basis: Option<String>,
}

fn object(map: &std::collections::BTreeMap<String, String>) -> Json {
    let text = |value: &String| serde_json::Value::String(value.clone());
    async_graphql::Json(map.iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

//! What can be done.

use std::sync::Mutex;

use annals_domain::event::{
    Actor, ActorType, Client, Event, JsonObject, Operation, Outcome, OutcomeStatus, Request,
    Severity, Subject,
};
use annals_domain::notification::READ_TYPE;
use annals_domain::profile::PersonRef;
use annals_domain::{EventId, Receipt};
use annals_engine::Permit;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::failure::failed;
use super::input::AuditEventInput;
use super::query::{Query, caller, reader};
use super::scalars::DateTime;
use crate::auth::{Permission, Principal};
use crate::context::Api;
use crate::error::ApiError;
use crate::ingest::{self, Incoming};

/// Notifications marked at once.
const NOTIFICATIONS_MAX: usize = 250;

/// The permit of a request's body, for the mutation that keeps it while it records.
pub(super) struct BodyPermit {
    bytes: Mutex<Option<Permit>>,
    /// For what the body has grown to; held until the request ends.
    _weight: Permit,
}

impl BodyPermit {
    pub(super) fn new(bytes: Permit, weight: Permit) -> Self {
        Self { bytes: Mutex::new(Some(bytes)), _weight: weight }
    }

    fn take(&self) -> Permit {
        let mut permit = self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        permit.take().unwrap_or_default()
    }
}

pub(crate) struct Mutation;

/// Events to record.
#[derive(InputObject)]
pub(super) struct RecordEventsInput {
    /// At most 1000; larger numbers go to the bulk endpoint.
    #[graphql(validator(max_items = 1000))]
    events: Vec<AuditEventInput>,
}

/// What became of the events.
#[derive(SimpleObject)]
pub(super) struct RecordEventsPayload {
    /// A receipt for each event, in order; null where it was refused.
    receipts: Vec<Option<EventReceipt>>,
    /// What is wrong with which event.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: Query,
}

/// Proof that an event is durable.
#[derive(SimpleObject)]
pub(super) struct EventReceipt {
    /// Which event.
    id: ID,
    /// Its stream.
    stream: String,
    /// Place in the stream.
    revision: u64,
    /// Place in the log; give it as `minPosition` to read what you wrote.
    position: String,
    /// When Annals took it on.
    received_at: DateTime,
    /// Whether it was recorded by an earlier request already.
    duplicate: bool,
}

/// Something wrong with the input.
#[derive(SimpleObject)]
pub(super) struct UserError {
    /// Path of the field.
    field: Vec<String>,
    /// What is wrong, and what would be right.
    message: String,
    /// Stable word for programs.
    code: String,
}

/// Messages to mark as read.
#[derive(InputObject)]
pub(super) struct MarkNotificationsReadInput {
    /// Which ones.
    ids: Vec<ID>,
}

/// What became of it.
#[derive(SimpleObject)]
pub(super) struct MarkNotificationsReadPayload {
    /// How many the person has still not read.
    unread_count: u64,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: Query,
}

#[Object]
impl Mutation {
    /// Records events. Each is durable before it is answered; sending one again with the same id
    /// stores nothing twice.
    #[graphql(complexity = "500 + child_complexity")]
    async fn record_events(
        &self,
        context: &Context<'_>,
        input: RecordEventsInput,
    ) -> Result<RecordEventsPayload> {
        let (api, caller) = caller(context)?;
        let permit = context.data_opt::<BodyPermit>().map(BodyPermit::take).unwrap_or_default();
        let incoming = input.events.into_iter().map(incoming).collect();
        let outcomes = ingest::record(api, caller, incoming, permit).await.map_err(failed)?;
        let mut user_errors = Vec::new();
        let mut receipts = Vec::with_capacity(outcomes.len());
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(receipt) => receipts.push(Some(shown(&receipt, api))),
                Err(error) if error.retry_after.is_some() => return Err(failed(error)),
                Err(error) => {
                    receipts.push(None);
                    user_errors.extend(errors_of(index, &error));
                }
            }
        }
        Ok(RecordEventsPayload { receipts, user_errors, query: Query })
    }

    /// Marks messages of the caller as read. That is itself an event.
    #[graphql(complexity = "500 + child_complexity")]
    async fn mark_notifications_read(
        &self,
        context: &Context<'_>,
        input: MarkNotificationsReadInput,
    ) -> Result<MarkNotificationsReadPayload> {
        let (api, principal) = reader(context)?;
        principal.require(Permission::ReadOwnEvents).map_err(failed)?;
        api.require_recording().map_err(failed)?;
        let person = PersonRef { tenant: principal.tenant.clone(), id: principal.id.clone() };
        let user_errors = match notification_ids(&input.ids) {
            Err(error) => vec![error],
            Ok(ids) => {
                mark_read(api, principal, ids).await.map_err(failed)?;
                Vec::new()
            }
        };
        let unread_count = api.queries.unread(person).await.map_err(failed)?;
        Ok(MarkNotificationsReadPayload { unread_count, user_errors, query: Query })
    }
}

fn incoming(event: AuditEventInput) -> Incoming {
    match event.into_input() {
        Ok(input) => Incoming::Input(Box::new(input)),
        Err(error) => Incoming::Refused(error),
    }
}

fn shown(receipt: &Receipt, api: &Api) -> EventReceipt {
    EventReceipt {
        id: ID(receipt.id.to_string()),
        stream: receipt.stream.as_str().to_owned(),
        revision: receipt.revision.0,
        position: api.cursors.position(receipt.position),
        received_at: DateTime(receipt.received_at),
        duplicate: receipt.duplicate,
    }
}

fn errors_of(index: usize, error: &ApiError) -> Vec<UserError> {
    let base = ["input".to_owned(), "events".to_owned(), index.to_string()];
    if error.errors.is_empty() {
        let code = error.code.as_str().to_owned();
        return vec![UserError { field: base.into(), message: error.message.clone(), code }];
    }
    let user_error = |field: &annals_domain::problem::FieldError| {
        let steps = field.path.split(['.', '[', ']']).filter(|step| !step.is_empty());
        let path = steps.map(str::to_owned);
        UserError {
            field: base.iter().cloned().chain(path).collect(),
            message: field.message.clone(),
            code: field.code.as_str().to_ascii_uppercase(),
        }
    };
    error.errors.iter().map(user_error).collect()
}

fn notification_ids(ids: &[ID]) -> Result<Vec<uuid::Uuid>, UserError> {
    let wrong = |message: String| UserError {
        field: vec!["input".into(), "ids".into()],
        message,
        code: "BAD_USER_INPUT".into(),
    };
    if ids.is_empty() || ids.len() > NOTIFICATIONS_MAX {
        return Err(wrong(format!("name 1 to {NOTIFICATIONS_MAX} messages")));
    }
    let parsed: Result<Vec<uuid::Uuid>, _> = ids.iter().map(|id| id.parse()).collect();
    parsed.map_err(|_| wrong("an id is not that of a message".into()))
}

/// Records that the messages were read, and waits until the inbox shows it.
async fn mark_read(api: &Api, principal: &Principal, ids: Vec<uuid::Uuid>) -> Result<(), ApiError> {
    let event = read_event(api, principal, &ids);
    let content = serde_json::to_vec(&event.metadata).expect("identifiers are text");
    let digest = annals_record::content_digest(&content);
    let receipt = api.recorder.record_own(event, digest).await?.into_inner();
    let patience = std::time::Duration::from_millis(api.limits.query.wait_ms_max);
    Ok(api.queries.wait_for_inbox(receipt.position, patience).await?)
}

fn read_event(api: &Api, principal: &Principal, ids: &[uuid::Uuid]) -> Event {
    let now = annals_domain::time::DateTime::utc(api.clock.now());
    let ids: Vec<serde_json::Value> = ids.iter().map(|id| id.to_string().into()).collect();
    let mut metadata = JsonObject::new();
    metadata.insert("notifications".into(), ids.into());
    let entry = api.catalogue.find(READ_TYPE);
    Event {
        id: EventId(uuid::Uuid::now_v7()),
        event_type: READ_TYPE.into(),
        schema_version: entry.map_or(1, |entry| entry.version),
        tenant: principal.tenant.clone(),
        source: "annals".into(),
        environment: None,
        app_version: None,
        occurred_at: now,
        received_at: now,
        producer: None,
        operation: entry.map_or(Operation::Update, |entry| entry.operation),
        severity: entry.map_or(Severity::Info, |entry| entry.severity),
        outcome: Outcome { status: OutcomeStatus::Success, code: None, reason: None },
        description: None,
        actor: Actor {
            actor_type: ActorType::User,
            id: Some(principal.id.clone()),
            name: None,
            email: None,
            roles: principal.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            alt_ids: Default::default(),
        },
        on_behalf_of: Vec::new(),
        subject: Some(Subject {
            id: principal.id.clone(),
            name: None,
            alt_ids: Default::default(),
        }),
        targets: Vec::new(),
        changes: Vec::new(),
        client: Client::default(),
        session: None,
        request: Request::default(),
        justification: None,
        metadata,
        labels: Default::default(),
    }
}

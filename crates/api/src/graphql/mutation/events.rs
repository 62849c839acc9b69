//! Recording events, and what becomes of those that were refused.

use std::sync::Mutex;

use annals_engine::Permit;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use bytes::Bytes;

use super::super::failure::failed;
use super::super::input::AuditEventInput;
use super::super::permissions::{Allowed, Root};
use super::super::quarantine::{
    AcceptedEvent, DiscardQuarantinedInput, DiscardQuarantinedPayload, ReplayQuarantinedInput,
    ReplayQuarantinedPayload,
};
use super::super::query::{AllQueries, caller};
use super::super::receipt::EventReceipt;
use super::super::user_error::UserError;
use crate::error::ApiError;
use crate::ingest::{self, Accepted, Incoming};

/// The permit of a request's body, for the mutation that keeps it while it records.
pub(in crate::graphql) struct BodyPermit {
    bytes: Mutex<Option<Permit>>,
    /// For what the body has grown to; held until the request ends.
    _weight: Permit,
}

impl BodyPermit {
    pub(in crate::graphql) fn new(bytes: Permit, weight: Permit) -> Self {
        Self { bytes: Mutex::new(Some(bytes)), _weight: weight }
    }

    fn take(&self) -> Permit {
        let mut permit = self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        permit.take().unwrap_or_default()
    }
}

#[derive(Default)]
pub(in crate::graphql) struct EventsMutation;

/// Events to record.
#[derive(InputObject)]
pub(in crate::graphql) struct RecordEventsInput {
    /// At most 1000; larger numbers go to the bulk endpoint.
    #[graphql(validator(max_items = 1000))]
    events: Vec<AuditEventInput>,
}

/// What became of the events.
#[derive(SimpleObject)]
pub(in crate::graphql) struct RecordEventsPayload {
    /// A receipt for each event, in order; null where it is not in the log.
    receipts: Vec<Option<EventReceipt>>,
    /// Events that were taken on and are not in the log yet.
    accepted: Vec<AcceptedEvent>,
    /// What is wrong with which event.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

#[Object(guard = "Allowed(Root::Mutation)")]
impl EventsMutation {
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
        let raw = RawEvents(context);
        let events = input.events.into_iter().enumerate();
        let incoming = events.map(|(index, event)| incoming(event, || raw.event(index))).collect();
        let outcomes = ingest::record(api, caller, incoming, permit).await.map_err(failed)?;
        let mut user_errors = Vec::new();
        let mut accepted = Vec::new();
        let mut receipts = Vec::with_capacity(outcomes.len());
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(Accepted::Recorded(receipt)) => {
                    receipts.push(Some(EventReceipt::new(&receipt, api)))
                }
                Ok(waiting) => {
                    receipts.push(None);
                    accepted.push(AcceptedEvent::new(index, &waiting));
                }
                Err(error) if error.retry_after.is_some() => return Err(failed(error)),
                Err(error) => {
                    receipts.push(None);
                    user_errors.extend(errors_of(index, &error));
                }
            }
        }
        Ok(RecordEventsPayload { receipts, accepted, user_errors, query: AllQueries::default() })
    }

    /// Records a refused event after all, as it was sent or as it was corrected. It leaves the
    /// quarantine once it is in the log.
    #[graphql(complexity = "500 + child_complexity")]
    async fn replay_quarantined(
        &self,
        context: &Context<'_>,
        input: ReplayQuarantinedInput,
    ) -> Result<ReplayQuarantinedPayload> {
        let (api, caller) = caller(context)?;
        let permit = context.data_opt::<BodyPermit>().map(BodyPermit::take).unwrap_or_default();
        input.run(api, caller, permit).await
    }

    /// Removes a refused event for good.
    #[graphql(complexity = "500 + child_complexity")]
    async fn discard_quarantined(
        &self,
        context: &Context<'_>,
        input: DiscardQuarantinedInput,
    ) -> Result<DiscardQuarantinedPayload> {
        let (api, caller) = caller(context)?;
        input.run(api, caller).await
    }
}

/// The events of a mutation as they were sent, for those that cannot be read.
struct RawEvents<'a, 'c>(&'a Context<'c>);

impl RawEvents<'_, '_> {
    fn event(&self, index: usize) -> Option<Bytes> {
        let arguments = self.0.field().arguments().ok()?;
        let (_, input) = arguments.into_iter().find(|(name, _)| name == "input")?;
        let mut input = input.into_json().ok()?;
        let event = input.get_mut("events")?.get_mut(index)?.take();
        Some(Bytes::from(event.to_string()))
    }
}

fn incoming(event: AuditEventInput, raw: impl FnOnce() -> Option<Bytes>) -> Incoming {
    match event.into_input() {
        Ok(input) => Incoming::Input(Box::new(input)),
        Err(error) => Incoming::Refused(error, raw()),
    }
}

fn errors_of(index: usize, error: &ApiError) -> Vec<UserError> {
    let quarantine_id = error.quarantine_id.map(|id| ID(id.to_string()));
    let base = ["input".to_owned(), "events".to_owned(), index.to_string()];
    if error.errors.is_empty() {
        let code = error.code.as_str().to_owned();
        let (field, message) = (base.into(), error.message.clone());
        return vec![UserError { field, message, code, quarantine_id }];
    }
    let user_error = |field: &annals_domain::problem::FieldError| {
        let steps = field.path.split(['.', '[', ']']).filter(|step| !step.is_empty());
        let path = steps.map(str::to_owned);
        UserError {
            field: base.iter().cloned().chain(path).collect(),
            message: field.message.clone(),
            code: field.code.as_str().to_ascii_uppercase(),
            quarantine_id: quarantine_id.clone(),
        }
    };
    error.errors.iter().map(user_error).collect()
}

//! What can be done.

use std::sync::Mutex;

use annals_domain::Receipt;
use annals_engine::Permit;
use annals_tlog::receipt::Promised;
use async_graphql::{
    ComplexObject, Context, ID, InputObject, MergedObject, Object, Result, SimpleObject,
};
use bytes::Bytes;

use super::endpoints::{
    self, ChangeNotificationEndpointInput, ChangeNotificationEndpointPayload,
    CreateNotificationEndpointInput, CreateNotificationEndpointPayload,
    RemoveNotificationEndpointInput, RemoveNotificationEndpointPayload,
    ReplayNotificationEndpointInput, ReplayNotificationEndpointPayload,
    RotateNotificationEndpointInput, RotateNotificationEndpointPayload,
    TestNotificationEndpointInput, TestNotificationEndpointPayload,
};
use super::export::{
    self, CancelExportInput, CancelExportPayload, RequestExportInput, RequestExportPayload,
};
use super::failure::failed;
use super::inbox::{
    self, ArchiveNotificationsInput, ArchiveNotificationsPayload, MarkNotificationsReadInput,
    MarkNotificationsReadPayload,
};
use super::input::AuditEventInput;
use super::notifications::NotificationsMutation;
use super::permissions::{Allowed, Root};
use super::quarantine::{
    AcceptedEvent, DiscardQuarantinedInput, DiscardQuarantinedPayload, ReplayQuarantinedInput,
    ReplayQuarantinedPayload,
};
use super::query::{AllQueries, caller};
use super::rebuild::{
    self, CancelSearchIndexRebuildInput, CancelSearchIndexRebuildPayload, RebuildSearchIndexInput,
    RebuildSearchIndexPayload,
};
use super::scalars::DateTime;
use super::views::{
    self, DeleteSavedViewInput, DeleteSavedViewPayload, SaveViewInput, SaveViewPayload,
    SetDefaultViewInput, SetDefaultViewPayload,
};
use crate::context::Api;
use crate::error::ApiError;
use crate::ingest::{self, Accepted, Incoming};
use crate::promising;

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

/// Everything that can be done.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct AllMutations(Mutation, NotificationsMutation);

#[derive(Default)]
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
    /// A receipt for each event, in order; null where it is not in the log.
    receipts: Vec<Option<EventReceipt>>,
    /// Events that were taken on and are not in the log yet.
    accepted: Vec<AcceptedEvent>,
    /// What is wrong with which event.
    user_errors: Vec<UserError>,
    /// To ask further.
    query: AllQueries,
}

/// Proof that an event is durable.
#[derive(SimpleObject)]
#[graphql(complex)]
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
    #[graphql(skip)]
    promised: Option<Promised>,
}

#[ComplexObject]
impl EventReceipt {
    /// Leaf hash of its record in the Merkle log, in base64; null where no Merkle log is kept.
    async fn leaf(&self) -> Option<String> {
        Some(self.promised.as_ref()?.leaf.to_base64())
    }

    /// Signed promise that a published checkpoint covers the event within a minute, a signed note. Keep it
    /// with id and leaf: `annals verify-receipt` shows with it when an event was suppressed.
    async fn signed(&self, context: &Context<'_>) -> Option<String> {
        let promised = std::slice::from_ref(self.promised.as_ref()?);
        promising::receipt(promised, context.data_unchecked::<Api>())
    }
}

/// Something wrong with the input.
#[derive(SimpleObject)]
pub(super) struct UserError {
    /// Path of the field.
    pub(super) field: Vec<String>,
    /// What is wrong, and what would be right.
    pub(super) message: String,
    /// Stable word for programs.
    pub(super) code: String,
    /// Where the refused event is kept.
    pub(super) quarantine_id: Option<ID>,
}

/// What can be done.
#[Object(name = "EventsMutation", guard = "Allowed(Root::Mutation)")]
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
        let raw = RawEvents(context);
        let events = input.events.into_iter().enumerate();
        let incoming = events.map(|(index, event)| incoming(event, || raw.event(index))).collect();
        let outcomes = ingest::record(api, caller, incoming, permit).await.map_err(failed)?;
        let mut user_errors = Vec::new();
        let mut accepted = Vec::new();
        let mut receipts = Vec::with_capacity(outcomes.len());
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(Accepted::Recorded(receipt)) => receipts.push(Some(shown(&receipt, api))),
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

pub(super) fn shown(receipt: &Receipt, api: &Api) -> EventReceipt {
    EventReceipt {
        id: ID(receipt.id.to_string()),
        stream: receipt.stream.as_str().to_owned(),
        revision: receipt.revision.0,
        position: api.cursors.position(receipt.position),
        received_at: DateTime(receipt.received_at),
        duplicate: receipt.duplicate,
        promised: promising::promised(receipt, api),
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

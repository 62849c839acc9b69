//! What came of messages, told to the log in batches: so that other nodes, and a rebuild, know it.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::catalogue::Catalogue;
use annals_domain::event::{Event, OutcomeStatus};
use annals_domain::notification::{DELIVERED, ENDPOINT_DISABLED, FAILED, OUTCOMES_MAX};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_record::content_digest;
use jiff::Timestamp;
use serde_json::json;
use tracing::warn;
use uuid::Uuid;

use crate::recording::Recorder;

/// Namespace of the ids of these events.
const NAMESPACE: Uuid = Uuid::from_u128(0x3b0e_6d9a_77c4_4f52_9a1d_e8b4_25f0_6c13);
/// Outcomes that wait to be recorded. Beyond it the oldest are not: they stand in the outbox of this node.
const WAITING_MAX: usize = 100_000;

/// Outcomes that wait to be recorded.
pub(super) struct Outcomes {
    pub(super) recorder: Option<Recorder>,
    pub(super) catalogue: Arc<Catalogue>,
    waiting: BTreeMap<(TenantId, &'static str), Vec<(Uuid, String)>>,
    /// Endpoints that are to be switched off, and why.
    disabled: Vec<(TenantId, Uuid, String)>,
    count: usize,
}

impl Outcomes {
    pub(super) fn new(recorder: Option<Recorder>, catalogue: Arc<Catalogue>) -> Self {
        Self { recorder, catalogue, waiting: BTreeMap::new(), disabled: Vec::new(), count: 0 }
    }

    pub(super) fn delivered(&mut self, tenant: &TenantId, message: Uuid) {
        self.add(tenant, DELIVERED, message, String::new());
    }

    pub(super) fn failed(&mut self, tenant: &TenantId, message: Uuid, cause: String) {
        self.add(tenant, FAILED, message, cause);
    }

    pub(super) fn disable(&mut self, tenant: &TenantId, endpoint: Uuid, reason: String) {
        if !self.disabled.iter().any(|(of, id, _)| of == tenant && *id == endpoint) {
            self.disabled.push((tenant.clone(), endpoint, reason));
        }
    }

    fn add(&mut self, tenant: &TenantId, kind: &'static str, message: Uuid, cause: String) {
        if self.count < WAITING_MAX && self.recorder.is_some() {
            self.count += 1;
            self.waiting.entry((tenant.clone(), kind)).or_default().push((message, cause));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.disabled.is_empty()
    }

    /// Records what waits; what cannot be recorded waits on.
    pub(super) async fn record(&mut self, now: Timestamp) {
        let Some(recorder) = self.recorder.clone() else { return };
        while let Some((tenant, endpoint, reason)) = self.disabled.last().cloned() {
            let event = self.event(
                &tenant,
                ENDPOINT_DISABLED,
                endpoint.to_string(),
                now,
                json!({
                    "endpoint": endpoint, "reason": reason,
                }),
            );
            if !taken(&recorder, event).await {
                return;
            }
            self.disabled.pop();
        }
        while let Some(((tenant, kind), mut outcomes)) = self.waiting.pop_first() {
            while !outcomes.is_empty() {
                let some = &outcomes[..outcomes.len().min(OUTCOMES_MAX)];
                let ids: Vec<Uuid> = some.iter().map(|(id, _)| *id).collect();
                let mut metadata = json!({ "deliveries": ids });
                if kind == FAILED {
                    let causes: Vec<&String> = some.iter().map(|(_, cause)| cause).collect();
                    metadata["causes"] = json!(causes);
                }
                let name: String = ids.iter().map(|id| id.simple().to_string()).collect();
                let event = self.event(&tenant, kind, name, now, metadata);
                if !taken(&recorder, event).await {
                    self.waiting.insert((tenant, kind), outcomes);
                    return;
                }
                self.count = self.count.saturating_sub(ids.len());
                outcomes.drain(..ids.len());
            }
        }
    }

    fn event(
        &self,
        tenant: &TenantId,
        kind: &str,
        name: String,
        now: Timestamp,
        metadata: serde_json::Value,
    ) -> Event {
        let name = format!("{tenant}\n{kind}\n{now}\n{name}");
        let id = EventId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
        let now = DateTime::utc(now);
        let mut event = Event::of_annals(&self.catalogue, kind, tenant.clone(), id, now);
        if kind == FAILED {
            event.outcome.status = OutcomeStatus::Failure;
        }
        event.metadata = metadata.as_object().cloned().unwrap_or_default();
        event
    }
}

async fn taken(recorder: &Recorder, event: Event) -> bool {
    let content = serde_json::to_vec(&event.metadata).unwrap_or_default();
    match recorder.record_own(event, content_digest(&content)).await {
        Ok(_) => true,
        Err(error) => {
            warn!(%error, "what came of messages cannot be recorded yet; trying again");
            false
        }
    }
}

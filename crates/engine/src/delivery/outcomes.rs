//! What came of messages, told to the log in batches: so that other nodes, and a rebuild, know it.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::catalogue::Catalogue;
use annals_domain::event::{Event, OutcomeStatus};
use annals_domain::notification::{DELIVERED, ENDPOINT_DISABLED, FAILED, OUTCOMES_MAX};
use annals_domain::time::DateTime;
use annals_domain::{EventId, TenantId};
use annals_ports::outbox::Untold;
use annals_record::content_digest;
use jiff::Timestamp;
use serde_json::json;
use tracing::warn;
use uuid::Uuid;

use crate::recording::Recorder;

/// Namespace of the ids of these events.
const NAMESPACE: Uuid = Uuid::from_u128(0x3b0e_6d9a_77c4_4f52_9a1d_e8b4_25f0_6c13);
/// Outcomes that wait to be recorded. What is beyond is told when this node begins to deliver the next time.
pub(super) const WAITING_MAX: usize = 100_000;
/// Where so many could not be recorded, one after the other, it is the log that takes nothing.
const FAILURES_MAX: usize = 4;

/// Whose outcomes, and which: each has events of its own.
type Kind = (TenantId, &'static str);

/// Outcomes that wait to be recorded.
pub(super) struct Outcomes {
    pub(super) recorder: Option<Recorder>,
    pub(super) catalogue: Arc<Catalogue>,
    waiting: BTreeMap<Kind, Vec<(Uuid, String)>>,
    /// Whose could not be recorded the last time: those behind come first.
    turn: Option<Kind>,
    /// Endpoints that are to be switched off, and why.
    disabled: Vec<(TenantId, Uuid, String)>,
    count: usize,
}

impl Outcomes {
    pub(super) fn new(recorder: Option<Recorder>, catalogue: Arc<Catalogue>) -> Self {
        let (waiting, turn, disabled) = (BTreeMap::new(), None, Vec::new());
        Self { recorder, catalogue, waiting, turn, disabled, count: 0 }
    }

    /// Takes up what was done before, and not told.
    pub(super) fn remember(&mut self, untold: Vec<Untold>) {
        for Untold { tenant, message, failed } in untold {
            match failed {
                None => self.delivered(&tenant, message),
                Some(cause) => self.failed(&tenant, message, cause),
            }
        }
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

    /// Records what waits; what cannot be recorded waits on, and holds up nothing of others. Dropping the
    /// future loses nothing.
    pub(super) async fn record(&mut self, now: Timestamp) {
        let Some(recorder) = self.recorder.clone() else { return };
        let mut failures = 0;
        for disabled in self.disabled.clone() {
            let (tenant, endpoint, reason) = &disabled;
            let metadata = json!({ "endpoint": endpoint, "reason": reason });
            let event = self.event(tenant, ENDPOINT_DISABLED, endpoint.to_string(), now, metadata);
            match taken(&recorder, event).await {
                true => self.disabled.retain(|one| *one != disabled),
                false => failures += 1,
            }
            if failures >= FAILURES_MAX {
                return;
            }
        }
        for of in self.in_turn() {
            while let Some((event, count)) = self.next(&of, now) {
                if !taken(&recorder, event).await {
                    failures += 1;
                    self.turn = Some(of);
                    break;
                }
                self.told(&of, count);
            }
            if failures >= FAILURES_MAX {
                return;
            }
        }
    }

    /// All that have something, beginning behind whoever could not be told of the last time.
    fn in_turn(&self) -> Vec<Kind> {
        let all = || self.waiting.keys();
        match &self.turn {
            None => all().cloned().collect(),
            Some(turn) => {
                let (later, earlier) =
                    (all().filter(|of| *of > turn), all().filter(|of| *of <= turn));
                later.chain(earlier).cloned().collect()
            }
        }
    }

    /// The event of the oldest outcomes of a kind, and how many it tells.
    fn next(&self, of: &Kind, now: Timestamp) -> Option<(Event, usize)> {
        let (tenant, kind) = of;
        let outcomes = self.waiting.get(of)?;
        let some = &outcomes[..outcomes.len().min(OUTCOMES_MAX)];
        let ids: Vec<Uuid> = some.iter().map(|(id, _)| *id).collect();
        let mut metadata = json!({ "deliveries": ids });
        if *kind == FAILED {
            let causes: Vec<&String> = some.iter().map(|(_, cause)| cause).collect();
            metadata["causes"] = json!(causes);
        }
        let name: String = ids.iter().map(|id| id.simple().to_string()).collect();
        Some((self.event(tenant, kind, name, now, metadata), ids.len()))
    }

    /// The oldest of a kind are in the log.
    fn told(&mut self, of: &Kind, count: usize) {
        self.count = self.count.saturating_sub(count);
        if let Some(outcomes) = self.waiting.get_mut(of) {
            outcomes.drain(..count.min(outcomes.len()));
            if outcomes.is_empty() {
                self.waiting.remove(of);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_told_of_holds_up_nobody_behind() {
        let mut outcomes = Outcomes::new(None, Arc::new(Catalogue::shipped()));
        let kind = |name: &str| (TenantId::new(name).unwrap(), DELIVERED);
        let all = ["a", "b", "c"].map(kind);
        for of in &all {
            outcomes.waiting.insert(of.clone(), vec![(Uuid::nil(), String::new())]);
        }
        assert_eq!(outcomes.in_turn(), all);
        outcomes.turn = Some(kind("a"));
        assert_eq!(outcomes.in_turn(), ["b", "c", "a"].map(kind));
        outcomes.turn = Some(kind("c"));
        assert_eq!(outcomes.in_turn(), all, "it goes round");
    }

    #[test]
    fn an_event_tells_of_no_more_than_it_can_and_the_rest_waits() {
        let mut outcomes = Outcomes::new(None, Arc::new(Catalogue::shipped()));
        let of = (TenantId::new("acme").unwrap(), DELIVERED);
        let some = vec![(Uuid::nil(), String::new()); OUTCOMES_MAX + 1];
        (outcomes.count, _) = (some.len(), outcomes.waiting.insert(of.clone(), some));
        for (count, left) in [(OUTCOMES_MAX, 1), (1, 0)] {
            assert_eq!(outcomes.next(&of, Timestamp::UNIX_EPOCH).unwrap().1, count);
            outcomes.told(&of, count);
            assert_eq!(outcomes.count, left);
        }
        assert!(outcomes.is_empty() && outcomes.next(&of, Timestamp::UNIX_EPOCH).is_none());
    }
}

//! Taking events on: into the log, or into the spool when the log takes none and their type allows it.

use std::time::Duration;

use annals_domain::catalogue::IngestMode;
use annals_domain::{Event, Receipt, TenantId};
use annals_ports::spool::Lane;

use super::{Spooled, Spooler};
use crate::permits::Permit;
use crate::recorder::{Durable, RecordError};
use crate::recording::Recorder;
use crate::sealing::Admitted;

/// How long an event waits for earlier ones of its person, while the log is well.
const LANE_PATIENCE: Duration = Duration::from_secs(2);
/// What an event takes of the bytes under way while it is put into the spool.
const EVENT_BYTES: usize = 2048;

/// An event that is to be recorded, and what is done when that is not possible at once.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The event.
    pub admitted: Admitted,
    /// What its type says.
    pub ingest: IngestMode,
}

/// What became of an event that was taken on. Both are true only of what lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is in the log.
    Recorded(Durable<Receipt>),
    /// It waits in the spool.
    Spooled(Durable<Spooled>),
}

/// What becomes of one event that is offered.
pub type TakeResult = Result<Taken, RecordError>;

impl Recorder {
    /// Takes the events of one tenant on and answers each, in order, once it is durable: recorded, or,
    /// when that is not possible for a reason that passes and its type allows it, spooled.
    ///
    /// The permit was taken before the events were read; it is given back when they are answered.
    pub async fn take_on(
        &self,
        tenant: &TenantId,
        offered: Vec<Offered>,
        permit: Permit,
    ) -> Vec<TakeResult> {
        let Some(spooler) = self.spooler.clone() else {
            let events = offered.into_iter().map(|offered| offered.admitted).collect();
            let results = self.record(tenant, events, permit).await;
            return results.into_iter().map(|result| result.map(Taken::Recorded)).collect();
        };
        let count = offered.len();
        let (this, tenant) = (self.clone(), tenant.clone());
        // It goes on when the caller gives up: what was taken on is finished.
        let taking = tokio::spawn(async move {
            Taking { recorder: this, spooler: &spooler, tenant: &tenant }.run(offered, permit).await
        });
        taking.await.unwrap_or_else(|_| vec![Err(RecordError::Unavailable); count])
    }

    /// Takes a fact of Annals itself on: recorded, or spooled when that is not possible and its type
    /// allows it. It has room even when every tenant holds its share.
    pub async fn take_own(
        &self,
        event: Event,
        content_digest: [u8; 32],
        ingest: IngestMode,
    ) -> TakeResult {
        let Some(spooler) = self.spooler.as_ref().filter(|_| ingest == IngestMode::Spool) else {
            return self.record_own(event, content_digest).await.map(Taken::Recorded);
        };
        let tenant = event.tenant.clone();
        let spare = Admitted { event: event.clone(), content_digest, retention: "standard".into() };
        let lane = spooler.lane_of(&tenant, &spare);
        if spooler.is_log_well() && !spooler.lanes.is_busy(lane) {
            match self.record_own(event, content_digest).await {
                Err(RecordError::Unavailable) => {}
                result => return result.map(Taken::Recorded),
            }
        }
        let permit = self.permits.take_bytes(EVENT_BYTES);
        let Some(permit) = permit else { return Err(RecordError::Busy) };
        let taking = Taking { recorder: self.clone(), spooler, tenant: &tenant };
        let mut results = [Err(RecordError::Unavailable)];
        taking.spool(vec![(0, spare)], permit, &mut results).await;
        let [result] = results;
        result
    }

    /// Whether events whose type allows it are taken although the log takes none.
    pub fn spools(&self) -> bool {
        self.spooler.is_some()
    }

    /// How many events wait in the spool.
    pub fn spooled(&self) -> u64 {
        self.spooler.as_ref().map_or(0, |spooler| spooler.waiting())
    }
}

struct Taking<'a> {
    recorder: Recorder,
    spooler: &'a Spooler,
    tenant: &'a TenantId,
}

/// An event with its place in the request.
type Placed = (usize, Admitted);

impl Taking<'_> {
    async fn run(self, offered: Vec<Offered>, permit: Permit) -> Vec<TakeResult> {
        let lanes: Vec<Lane> = offered
            .iter()
            .map(|offered| self.spooler.lane_of(self.tenant, &offered.admitted))
            .collect();
        if self.spooler.waiting() > 0 && self.spooler.is_log_well() {
            // They are being recorded; behind them there is room in the log itself.
            let _ = tokio::time::timeout(LANE_PATIENCE, self.spooler.lanes.are_free(&lanes)).await;
        }
        let well = self.spooler.is_log_well();
        // Each is overwritten by what becomes of its event.
        let mut results = vec![Err(RecordError::Unavailable); offered.len()];
        let (mut direct, mut behind) = (Vec::new(), Vec::new());
        for ((index, offered), lane) in offered.into_iter().enumerate().zip(lanes) {
            if well && !self.spooler.lanes.is_busy(lane) {
                direct.push((index, offered));
            } else if offered.ingest == IngestMode::Spool {
                behind.push((index, offered.admitted));
            }
        }
        if direct.is_empty() {
            self.spool(behind, permit, &mut results).await;
            return results;
        }
        behind.extend(self.record(direct, permit, &mut results).await);
        if !behind.is_empty() {
            behind.sort_unstable_by_key(|(index, _)| *index);
            match self.recorder.permits.take_bytes(behind.len() * EVENT_BYTES) {
                Some(permit) => self.spool(behind, permit, &mut results).await,
                None => refuse(behind, &mut results, &RecordError::Busy),
            }
        }
        results
    }

    /// Records events; returns those that are to be spooled because that was not possible.
    async fn record(
        &self,
        direct: Vec<(usize, Offered)>,
        permit: Permit,
        results: &mut [TakeResult],
    ) -> Vec<Placed> {
        let mut spares = Vec::with_capacity(direct.len());
        let mut events = Vec::with_capacity(direct.len());
        for (index, Offered { admitted, ingest }) in direct {
            spares.push((index, (ingest == IngestMode::Spool).then(|| admitted.clone())));
            events.push(admitted);
        }
        let recorded = self.recorder.record(self.tenant, events, permit).await;
        let mut behind = Vec::new();
        for ((index, spare), result) in spares.into_iter().zip(recorded) {
            match (result, spare) {
                (Err(RecordError::Unavailable), Some(spare)) => behind.push((index, spare)),
                (result, _) => results[index] = result.map(Taken::Recorded),
            }
        }
        behind
    }

    async fn spool(&self, behind: Vec<Placed>, permit: Permit, results: &mut [TakeResult]) {
        if behind.is_empty() {
            return;
        }
        // The service does not stop before they are on disk.
        let Some(_permit) = self.recorder.permits.add_events(permit, None, behind.len()) else {
            return refuse(behind, results, &RecordError::Busy);
        };
        let (indexes, events): (Vec<usize>, Vec<Admitted>) = behind.into_iter().unzip();
        let spooled = self.spooler.put(self.tenant, events).await;
        for (index, result) in indexes.into_iter().zip(spooled) {
            results[index] = result.map(Taken::Spooled);
        }
    }
}

fn refuse(events: Vec<Placed>, results: &mut [TakeResult], refusal: &RecordError) {
    for (index, _) in events {
        results[index] = Err(refusal.clone());
    }
}

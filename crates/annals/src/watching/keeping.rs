//! What was told is kept, so that a restart tells nothing twice and nothing is lost.
//!
//! A change is written down with the id of its event before it is recorded, and crossed out afterwards. When
//! the process dies in between, the next one records it again, and the log knows it by its id.

use std::collections::VecDeque;
use std::sync::Arc;

use annals_domain::watching::{Change, Condition, Raised, Standings};
use annals_ports::SharedRegisters;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

/// Name of the register.
const REGISTER: &str = "health";
/// Changes that wait to be recorded; when there are more the oldest goes. Each stands in the operations log.
const UNTOLD_MAX: usize = 64;

/// A change, as its event tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Untold {
    pub(super) event: Uuid,
    pub(super) condition: Condition,
    pub(super) is_raised: bool,
    pub(super) reading: i64,
    pub(super) threshold: i64,
    pub(super) since: Timestamp,
    pub(super) at: Timestamp,
}

/// What lies in the register. Conditions stand by name: an older version may not know all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    raised: Vec<KeptRaised>,
    untold: VecDeque<serde_json::Value>,
    /// Whether events were parked, and no rebuild has tried them again.
    #[serde(default)]
    poison: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptRaised {
    condition: String,
    since: Timestamp,
    reading: f64,
}

/// Keeps what is raised and what is yet to be recorded.
pub(super) struct Keeper {
    registers: Arc<dyn SharedRegisters>,
    name: String,
    /// Name of this node.
    pub(super) node: String,
    version: Option<u64>,
    written: Kept,
    untold: VecDeque<Untold>,
}

impl Keeper {
    pub(super) fn new(registers: Arc<dyn SharedRegisters>, node: String) -> Self {
        let (written, untold) = (Kept::default(), VecDeque::new());
        Self { registers, name: REGISTER.into(), node, version: None, written, untold }
    }

    /// How the conditions stood when this node stopped.
    pub(super) async fn restore(&mut self) -> Standings {
        match read(&*self.registers, &self.name).await {
            Ok((version, kept)) => (self.version, self.written) = (version, kept),
            Err(error) => {
                let error = &*error as &dyn std::error::Error;
                warn!(
                    error,
                    "what was told of the health of Annals cannot be read; it begins anew"
                );
            }
        }
        let untold = self.written.untold.iter().cloned();
        self.untold = untold.filter_map(|one| serde_json::from_value(one).ok()).collect();
        let raised = self.written.raised.iter().filter_map(|kept| {
            let raised = Raised { since: kept.since, reading: kept.reading };
            Some((Condition::named(&kept.condition)?, raised))
        });
        Standings::of(raised)
    }

    /// Whether events were parked before, which nobody has tried again.
    pub(super) fn has_poison(&self) -> bool {
        self.written.poison
    }

    /// Adds what is to be recorded.
    pub(super) fn add(&mut self, change: &Change, threshold: f64, at: Timestamp) {
        if self.untold.len() >= UNTOLD_MAX {
            warn!("too many changes of health wait to be recorded; the oldest is given up");
            self.untold.pop_front();
        }
        self.untold.push_back(Untold {
            event: Uuid::now_v7(),
            condition: change.condition,
            is_raised: change.is_raised,
            // What has no place in an integer becomes the largest one.
            reading: change.reading.round() as i64,
            threshold: threshold.round() as i64,
            since: change.since,
            at,
        });
    }

    /// What is to be recorded next.
    pub(super) fn next(&self) -> Option<&Untold> {
        self.untold.front()
    }

    /// It is recorded.
    pub(super) fn told(&mut self) {
        self.untold.pop_front();
    }

    /// Writes down how all stands, if that is not so yet. What cannot be written is tried again with the next
    /// readings, and told of by the operations log meanwhile.
    pub(super) async fn keep(&mut self, standings: &Standings) {
        let raised = standings.raised().map(|(condition, Raised { since, reading })| KeptRaised {
            condition: condition.as_str().into(),
            since,
            reading,
        });
        let untold = self.untold.iter().filter_map(|one| serde_json::to_value(one).ok());
        let kept = Kept {
            raised: raised.collect(),
            untold: untold.collect(),
            poison: standings.find(Condition::PoisonEvents).is_some(),
        };
        if kept == self.written {
            return;
        }
        match write(&*self.registers, &self.name, self.version, &kept).await {
            Ok(version) => (self.version, self.written) = (Some(version), kept),
            Err(error) => {
                // Whether it was written all the same, or by whom, is seen before the next time.
                if let Ok((version, _)) = read(&*self.registers, &self.name).await {
                    self.version = version;
                }
                let error = &*error as &dyn std::error::Error;
                warn!(error, "what is told of the health of Annals is not kept; trying again");
            }
        }
    }
}

/// A rebuild took in everything: no event is left aside any more. The next start tells that.
pub(crate) async fn forget_poison(registers: &dyn SharedRegisters) -> anyhow::Result<()> {
    let (version, kept) = read(registers, REGISTER).await?;
    if kept.poison {
        write(registers, REGISTER, version, &Kept { poison: false, ..kept }).await?;
    }
    Ok(())
}

async fn read(registers: &dyn SharedRegisters, name: &str) -> anyhow::Result<(Option<u64>, Kept)> {
    let Some(register) = registers.read(name).await? else { return Ok((None, Kept::default())) };
    let kept = serde_json::from_slice(&register.value).unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        warn!(error, "what was told of the health of Annals is damaged; it begins anew");
        Kept::default()
    });
    Ok((Some(register.version), kept))
}

async fn write(
    registers: &dyn SharedRegisters,
    name: &str,
    version: Option<u64>,
    kept: &Kept,
) -> anyhow::Result<u64> {
    Ok(registers.write(name, version, serde_json::to_vec(kept)?).await?)
}

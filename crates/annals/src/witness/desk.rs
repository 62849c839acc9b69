//! Where a witness decides: one request after another, and nothing is given out that is not on disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use annals_engine::tiles::{Mark, MarkError, Marked};
use annals_tlog::witness::{AddCheckpoint, Answer, RequestError, WatchedLog, WitnessError, decide};
use annals_tlog::{SigningKey, TreeHead, VerifyingKey};

use super::files::Files;

/// Decides on requests.
pub(super) struct Desk {
    files: Files,
    /// The logs by origin. It is not read from the file again: what was cosigned is known here also when
    /// the file is lost.
    logs: Mutex<BTreeMap<String, WatchedLog>>,
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeskError {
    /// It is no request: 400.
    #[error("the request cannot be read")]
    Request(#[from] RequestError),
    /// The rest is the witness's own fault: 500.
    #[error("cannot write down what is to be cosigned, so it is not cosigned")]
    State(#[from] MarkError),
    #[error("the state of `{0}` was changed by another; start the witness again")]
    Changed(String),
    #[error("cannot cosign")]
    Witness(#[from] WitnessError),
}

impl Desk {
    /// Reads what was cosigned last.
    pub(super) fn open(
        files: Files,
        keys: BTreeMap<String, Vec<VerifyingKey>>,
    ) -> Result<Self, MarkError> {
        let mut logs = BTreeMap::new();
        for (origin, keys) in keys {
            let latest =
                files.state.of(&origin)?.map(|Marked { size, root }| TreeHead { size, root });
            logs.insert(origin.clone(), WatchedLog { origin, keys, latest });
        }
        Ok(Self { files, logs: Mutex::new(logs) })
    }

    /// Decides on the body of a request. Blocking; `time` is in seconds since 1970.
    pub(super) fn answer(&self, body: &[u8], time: u64) -> Result<Answer, DeskError> {
        let request = AddCheckpoint::parse(body)?;
        // A panic leaves the state as it was: it is replaced at the end, in one step.
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let log = logs.get_mut(request.origin());
        let answer = decide(log.as_deref(), &request, self.key(), time)?;
        if let (Answer::Cosigned { latest, .. }, Some(log)) = (&answer, log) {
            let marked = |TreeHead { size, root }: TreeHead| Marked { size, root };
            // Also when it is the same: after a failure it may not have been durable.
            if !self.files.state.raise(&log.origin, log.latest.map(marked), marked(*latest))? {
                return Err(DeskError::Changed(log.origin.clone()));
            }
            log.latest = Some(*latest);
        }
        Ok(answer)
    }

    fn key(&self) -> &SigningKey {
        &self.files.key
    }
}

#[cfg(test)]
pub(super) mod tests;

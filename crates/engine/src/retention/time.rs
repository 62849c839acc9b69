//! The time that retention goes by, kept over restarts.

use std::sync::Arc;
use std::time::Instant;

use annals_domain::lifecycle::{RetentionNow, TrustedTime};
use annals_ports::{RegisterError, SharedRegisters};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// Name of the register.
const REGISTER: &str = "retention time";
/// So often is writing tried while other nodes write as well.
const ATTEMPTS: usize = 10;

/// Measures the time that retention goes by; see [`TrustedTime`]. Cheap to clone.
#[derive(Clone)]
pub struct RetentionTime {
    registers: Arc<dyn SharedRegisters>,
    state: Arc<Mutex<Measured>>,
}

struct Measured {
    kept: Kept,
    /// Up to when it was measured.
    at: Instant,
    version: Option<u64>,
}

/// What lies in the register.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    trusted: TrustedTime,
    /// How often somebody vouched for the clock: what was said last counts, also when it is earlier.
    #[serde(default)]
    confirmations: u64,
}

/// The time could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum RetentionTimeError {
    /// The registers failed.
    #[error("cannot read or keep the time that retention goes by")]
    Register(#[from] RegisterError),
    /// Something else lies there.
    #[error(
        "what is kept as the time that retention goes by cannot be read; confirm the clock anew"
    )]
    Form(#[from] serde_json::Error),
}

impl RetentionTime {
    /// Goes on from what was kept. Where nothing was, the clock is believed this once.
    pub async fn open(
        registers: Arc<dyn SharedRegisters>,
        wall: Timestamp,
    ) -> Result<Self, RetentionTimeError> {
        let kept = registers.read(REGISTER).await?;
        let version = kept.as_ref().map(|kept| kept.version);
        let kept = match kept {
            Some(kept) => serde_json::from_slice(&kept.value)?,
            None => Kept { trusted: TrustedTime::confirmed(wall), confirmations: 0 },
        };
        let state = Arc::new(Mutex::new(Measured { kept, at: Instant::now(), version }));
        let time = Self { registers, state };
        time.keep().await?;
        Ok(time)
    }

    /// What time it is, by what was measured.
    pub async fn now(&self, wall: Timestamp) -> RetentionNow {
        self.measured().await.now(wall)
    }

    /// How far it is behind the wall clock: so much later does everything expire.
    pub async fn behind(&self, wall: Timestamp) -> SignedDuration {
        self.measured().await.behind(wall)
    }

    /// Somebody vouches for the clock. Whoever shares the register goes by that as soon as they keep what they measured.
    pub async fn confirm(&self, wall: Timestamp) -> Result<(), RetentionTimeError> {
        self.write(Some(TrustedTime::confirmed(wall))).await
    }

    /// Keeps what was measured. What passes until it is kept again is lost when the service is killed.
    pub async fn keep(&self) -> Result<(), RetentionTimeError> {
        self.write(None).await
    }

    async fn write(&self, confirmed: Option<TrustedTime>) -> Result<(), RetentionTimeError> {
        let mut state = self.state.lock().await;
        let mut attempts = 1;
        loop {
            state.measure();
            let kept = match confirmed {
                Some(trusted) => Kept { trusted, confirmations: state.kept.confirmations + 1 },
                None => state.kept,
            };
            let value = serde_json::to_vec(&kept)?;
            match self.registers.write(REGISTER, state.version, value).await {
                Ok(version) => {
                    (state.kept, state.version) = (kept, Some(version));
                    return Ok(());
                }
                Err(RegisterError::Conflict { .. }) if attempts < ATTEMPTS => {
                    // Another node keeps it, too.
                    attempts += 1;
                    let newest = self.registers.read(REGISTER).await?;
                    state.version = newest.as_ref().map(|newest| newest.version);
                    if let Some(newest) = newest {
                        state.take_over(serde_json::from_slice(&newest.value)?);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn measured(&self) -> TrustedTime {
        let mut state = self.state.lock().await;
        state.measure();
        state.kept.trusted
    }
}

impl Measured {
    fn measure(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.at);
        self.at = now;
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
        self.kept.trusted = self.kept.trusted.advanced(passed);
    }

    /// What was vouched for later counts; of two that go by the same word, who measured more.
    fn take_over(&mut self, other: Kept) {
        let place = |kept: Kept| (kept.confirmations, kept.trusted);
        if place(other) > place(self.kept) {
            self.kept = other;
        }
    }
}

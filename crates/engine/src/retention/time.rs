//! The time that retention goes by, kept over restarts.

use std::sync::Arc;
use std::time::Instant;

use annals_domain::lifecycle::{RetentionNow, TrustedTime};
use annals_ports::{RegisterError, SharedRegisters};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

/// Name of the register.
const REGISTER: &str = "retention time";

/// Measures the time that retention goes by; see [`TrustedTime`]. Cheap to clone.
#[derive(Clone)]
pub struct RetentionTime {
    registers: Arc<dyn SharedRegisters>,
    state: Arc<Mutex<Measured>>,
}

struct Measured {
    trusted: TrustedTime,
    /// Up to when `trusted` was measured.
    at: Instant,
    version: Option<u64>,
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
        let trusted = match kept {
            Some(kept) => serde_json::from_slice(&kept.value)?,
            None => TrustedTime::confirmed(wall),
        };
        let state = Arc::new(Mutex::new(Measured { trusted, at: Instant::now(), version }));
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

    /// Somebody vouches for the clock.
    pub async fn confirm(&self, wall: Timestamp) -> Result<(), RetentionTimeError> {
        let mut state = self.state.lock().await;
        state.trusted = TrustedTime::confirmed(wall);
        state.at = Instant::now();
        drop(state);
        self.keep().await
    }

    /// Keeps what was measured. What passes until it is kept again is lost when the service is killed.
    pub async fn keep(&self) -> Result<(), RetentionTimeError> {
        let mut state = self.state.lock().await;
        state.measure();
        let value = serde_json::to_vec(&state.trusted)?;
        match self.registers.write(REGISTER, state.version, value).await {
            Ok(version) => {
                state.version = Some(version);
                Ok(())
            }
            Err(RegisterError::Conflict { .. }) => {
                // Another node keeps it, too; what it measured counts as well as ours.
                let newest = self.registers.read(REGISTER).await?;
                state.version = newest.map(|newest| newest.version);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn measured(&self) -> TrustedTime {
        let mut state = self.state.lock().await;
        state.measure();
        state.trusted
    }
}

impl Measured {
    fn measure(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.at);
        self.at = now;
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
        self.trusted = self.trusted.advanced(passed);
    }
}

//! How far deliveries have come, kept in a register for whichever node goes on.

use annals_domain::Position;
use annals_ports::RegisterError;
use serde::{Deserialize, Serialize};

use super::calls::Calls;

/// Name of the register.
const PROGRESS: &str = "progress-delivery";

/// What stands in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Everything up to here was delivered or parked.
    position: u64,
    /// In which epoch of the lease this was written.
    epoch: u64,
}

/// Holds the register's version: only the node that wrote last can write on.
pub(super) struct Mark {
    calls: Calls,
    epoch: u64,
    version: u64,
    /// The last write may or may not have happened.
    unsure: bool,
}

/// The progress of deliveries could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum MarkError {
    #[error("another node has gone on with the deliveries")]
    Lost,
    #[error("the progress of deliveries cannot be kept")]
    Register(#[source] RegisterError),
    #[error(
        "the register of the progress does not hold what Annals wrote; deliveries wait until it does"
    )]
    Foreign(#[source] serde_json::Error),
}

impl Mark {
    /// Takes the register over, so that whoever held it before can write it no more. Where nothing was
    /// ever delivered, deliveries begin at `start`.
    pub(super) async fn take_over(
        calls: Calls,
        epoch: u64,
        start: Position,
    ) -> Result<(Self, Position), MarkError> {
        let register = calls.read(PROGRESS).await.map_err(MarkError::Register)?;
        let position = match &register {
            None => start,
            Some(register) => Position(read(&register.value)?.position),
        };
        let version = register.map(|register| register.version);
        let version = write(&calls, version, position, epoch).await?;
        Ok((Self { calls, epoch, version, unsure: false }, position))
    }

    /// Writes that everything up to the position is done.
    pub(super) async fn save(&mut self, position: Position) -> Result<(), MarkError> {
        if self.unsure {
            self.find_out().await?;
        }
        self.unsure = true;
        let saved = write(&self.calls, Some(self.version), position, self.epoch).await;
        self.unsure = matches!(saved, Err(MarkError::Register(_)));
        self.version = saved?;
        Ok(())
    }

    async fn find_out(&mut self) -> Result<(), MarkError> {
        let register = self.calls.read(PROGRESS).await.map_err(MarkError::Register)?;
        let register = register.ok_or(MarkError::Lost)?;
        if read(&register.value)?.epoch != self.epoch {
            return Err(MarkError::Lost);
        }
        self.version = register.version;
        Ok(())
    }
}

/// Up to where everything was delivered, if anything ever was.
pub(crate) async fn read_progress(
    registers: &dyn annals_ports::SharedRegisters,
) -> Option<Position> {
    let register = registers.read(PROGRESS).await.ok()??;
    read(&register.value).ok().map(|progress| Position(progress.position))
}

fn read(value: &[u8]) -> Result<Progress, MarkError> {
    serde_json::from_slice(value).map_err(MarkError::Foreign)
}

async fn write(
    calls: &Calls,
    expected: Option<u64>,
    position: Position,
    epoch: u64,
) -> Result<u64, MarkError> {
    let progress = Progress { position: position.0, epoch };
    let value = serde_json::to_vec(&progress).expect("progress is plain JSON");
    calls.write(PROGRESS, expected, value).await.map_err(|error| match error {
        RegisterError::Conflict { .. } => MarkError::Lost,
        error => MarkError::Register(error),
    })
}

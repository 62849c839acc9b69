//! Small values that all nodes share, each changed by comparing and setting.
//!
//! Leases and the progress of jobs lie here. There are few of them, and they are written seldom.

use async_trait::async_trait;

/// The most bytes a value may have.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Keeps named values.
///
/// # Contract
/// - A value that was written is durable, and every node reads it or a newer one from then on.
/// - Versions of one name rise. Of writers that expect the same version one wins; the others are
///   told [`RegisterError::Conflict`].
/// - After [`RegisterError::Unavailable`] a write may or may not have happened.
#[async_trait]
pub trait SharedRegisters: Send + Sync + 'static {
    /// The newest value of a name; `None`: nothing was written yet.
    async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError>;

    /// Writes a value if the newest version is the expected one (`None`: there is no value yet), and
    /// tells the new version.
    async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError>;
}

/// A value and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Rises with every write.
    pub version: u64,
    /// What was written.
    pub value: Vec<u8>,
}

/// A value was not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Somebody else wrote in between.
    #[error("the register `{name}` was written by another node")]
    Conflict {
        /// Which.
        name: String,
    },
    /// The value is larger than [`VALUE_BYTES_MAX`].
    #[error("{bytes} bytes are too many for the register `{name}`")]
    TooLarge {
        /// Which.
        name: String,
        /// How many.
        bytes: usize,
    },
    /// The store did not do it; a write may have happened all the same.
    #[error("the registers cannot be reached while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

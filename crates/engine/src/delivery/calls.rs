//! Calls to the shared registers that end in time.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::{Register, RegisterError, SharedRegisters};

/// The shared registers, with a limit on how long one call may take.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) registers: Arc<dyn SharedRegisters>,
    pub(super) limit: Duration,
}

impl Calls {
    pub(super) async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError> {
        self.within("reading a register", self.registers.read(name)).await
    }

    /// When this fails other than by a conflict, the value may have been written all the same.
    pub(super) async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError> {
        let write = self.registers.write(name, expected, value);
        self.within("writing a register", write).await
    }

    async fn within<T>(
        &self,
        doing: &'static str,
        call: impl Future<Output = Result<T, RegisterError>>,
    ) -> Result<T, RegisterError> {
        tokio::time::timeout(self.limit, call).await.unwrap_or_else(|elapsed| {
            Err(RegisterError::Unavailable { doing, source: elapsed.into() })
        })
    }
}

//! Shared values in memory, for nodes of one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::locked;
use crate::registers::{Register, RegisterError, SharedRegisters, VALUE_BYTES_MAX};

/// Registers in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryRegisters {
    values: Arc<Mutex<HashMap<String, Register>>>,
    failing: Arc<Mutex<bool>>,
}

impl MemoryRegisters {
    /// From now on, or no longer, every call is refused as if the registers could not be reached.
    pub fn set_failing(&self, failing: bool) {
        *locked(&self.failing) = failing;
    }

    fn check(&self, doing: &'static str) -> Result<(), RegisterError> {
        match *locked(&self.failing) {
            true => Err(RegisterError::Unavailable { doing, source: "a test wanted it".into() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl SharedRegisters for MemoryRegisters {
    async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError> {
        self.check("reading")?;
        Ok(locked(&self.values).get(name).cloned())
    }

    async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError> {
        self.check("writing")?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(RegisterError::TooLarge { name: name.to_owned(), bytes: value.len() });
        }
        let mut values = locked(&self.values);
        let newest = values.get(name).map(|register| register.version);
        if newest != expected {
            return Err(RegisterError::Conflict { name: name.to_owned() });
        }
        let version = newest.map_or(0, |version| version + 1);
        values.insert(name.to_owned(), Register { version, value });
        Ok(version)
    }
}

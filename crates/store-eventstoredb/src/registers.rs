//! Shared values, each the newest event of a stream.

use annals_ports::registers::VALUE_BYTES_MAX;
use annals_ports::{Register, RegisterError, SharedRegisters};
use async_trait::async_trait;
use bytes::Bytes;
use eventstore::ExpectedRevision;
use uuid::Uuid;

use crate::failure::Failure;
use crate::streams::Streams;
use crate::wire::Proposed;

const WRITTEN_TYPE: &str = "annals.register.written";

/// Registers on `EventStoreDB`. The version of a value is its event's revision.
#[derive(Clone)]
pub struct EventStoreRegisters {
    streams: Streams,
}

impl EventStoreRegisters {
    pub(crate) fn new(streams: Streams) -> Self {
        Self { streams }
    }

    fn stream(&self, name: &str) -> String {
        self.streams.names().register(name)
    }
}

#[async_trait]
impl SharedRegisters for EventStoreRegisters {
    async fn read(&self, name: &str) -> Result<Option<Register>, RegisterError> {
        let last = self.streams.read_last(&self.stream(name)).await;
        let last = last.map_err(|failure| unavailable("reading", failure))?;
        Ok(last.map(|event| Register { version: event.revision, value: event.data.to_vec() }))
    }

    async fn write(
        &self,
        name: &str,
        expected: Option<u64>,
        value: Vec<u8>,
    ) -> Result<u64, RegisterError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(RegisterError::TooLarge { name: name.to_owned(), bytes: value.len() });
        }
        // A fresh id: two nodes that write the same value are two writers.
        let event = Proposed::binary(Uuid::new_v4(), WRITTEN_TYPE, Bytes::from(value));
        let (revision, version) = match expected {
            None => (ExpectedRevision::NoStream, 0),
            Some(version) => (ExpectedRevision::Exact(version), version + 1),
        };
        match self.streams.append(&self.stream(name), revision, &[event]).await {
            Ok(_) => Ok(version),
            Err(Failure::Conflict) => Err(RegisterError::Conflict { name: name.to_owned() }),
            Err(failure) => Err(unavailable("writing", failure)),
        }
    }
}

fn unavailable(doing: &'static str, failure: Failure) -> RegisterError {
    RegisterError::Unavailable { doing, source: Box::new(failure) }
}

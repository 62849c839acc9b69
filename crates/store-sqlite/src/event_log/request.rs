//! What travels from the callers to the writer: records in their stored form.

use annals_domain::{EventId, Position, StreamName};
use annals_ports::append_plan::RecordKey;
use annals_ports::{AppendError, AppendItem, Appended, Expected, LogError};
use annals_record::Record;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// The answer to one item.
pub(super) type Answer = Result<Vec<Appended>, AppendError>;

/// What the writer is asked to do.
pub(super) enum Command {
    Append(Request),
    Remove(Removal),
    #[cfg(test)]
    Run(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
}

/// One call of append.
pub(super) struct Request {
    pub(super) items: Vec<Result<Item, AppendError>>,
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) reply: oneshot::Sender<Result<Vec<Answer>, LogError>>,
    /// The request's share of what may wait; returned when it is answered.
    pub(super) _room: OwnedSemaphorePermit,
}

/// One call of remove.
pub(super) struct Removal {
    pub(super) run: EventId,
    pub(super) positions: Vec<Position>,
    pub(super) reply: oneshot::Sender<Result<u64, LogError>>,
}

/// An item, encoded.
pub(super) struct Item {
    pub(super) stream: StreamName,
    pub(super) expected: Expected,
    pub(super) keys: Vec<RecordKey>,
    /// One stored form a key.
    pub(super) records: Vec<Vec<u8>>,
    /// The records themselves, for those who follow the log.
    pub(super) originals: Vec<Record>,
}

/// Encodes the items; one with a record that is too large is refused here already.
pub(super) fn prepare(
    batch: Vec<AppendItem>,
    record_bytes_max: usize,
) -> Vec<Result<Item, AppendError>> {
    batch.into_iter().map(|item| prepare_item(item, record_bytes_max)).collect()
}

fn prepare_item(item: AppendItem, bytes_max: usize) -> Result<Item, AppendError> {
    let mut records = Vec::with_capacity(item.records.len());
    for record in &item.records {
        let encoded = record.encode();
        if encoded.len() > bytes_max {
            return Err(AppendError::TooLarge { id: record.id, bytes: encoded.len(), bytes_max });
        }
        records.push(encoded);
    }
    Ok(Item {
        stream: item.stream,
        expected: item.expected,
        keys: item.records.iter().map(RecordKey::from).collect(),
        records,
        originals: item.records,
    })
}

/// Bytes of all records.
pub(super) fn weight(items: &[Result<Item, AppendError>]) -> usize {
    items.iter().flatten().flat_map(|item| &item.records).map(Vec::len).sum()
}

//! Making a batch ready: encoded, and sorted by stream.

use std::collections::HashMap;

use annals_domain::StreamName;
use annals_ports::append_plan::RecordKey;
use annals_ports::{AppendError, AppendItem, LogError};

use crate::rounds::Pending;

/// More records than this are made ready off the async threads.
const INLINE_MAX: usize = 32;

/// The items of one stream, in order.
pub(super) struct Work {
    pub(super) stream: StreamName,
    pub(super) items: Vec<Pending>,
}

impl Work {
    pub(super) fn keys(&self) -> impl Iterator<Item = &RecordKey> {
        self.items.iter().flat_map(|item| &item.keys)
    }
}

/// What is to be appended, and what cannot be, with the index of its item.
type Prepared = (Vec<Work>, Vec<(usize, AppendError)>);

pub(super) async fn prepare(
    batch: Vec<AppendItem>,
    record_bytes_max: usize,
) -> Result<Prepared, LogError> {
    let records: usize = batch.iter().map(|item| item.records.len()).sum();
    if records <= INLINE_MAX {
        return Ok(sorted(batch, record_bytes_max));
    }
    let preparing = tokio::task::spawn_blocking(move || sorted(batch, record_bytes_max));
    preparing.await.map_err(|panic| LogError::Unavailable {
        doing: "making records ready",
        source: Some(Box::new(panic)),
    })
}

fn sorted(batch: Vec<AppendItem>, record_bytes_max: usize) -> Prepared {
    let mut places = HashMap::<StreamName, usize>::new();
    let mut works: Vec<Work> = Vec::new();
    let mut refused = Vec::new();
    for (index, item) in batch.into_iter().enumerate() {
        match Pending::prepare(index, &item, record_bytes_max) {
            Err(refusal) => refused.push((index, refusal)),
            Ok(pending) => {
                let place = *places.entry(item.stream.clone()).or_insert_with(|| {
                    works.push(Work { stream: item.stream, items: Vec::new() });
                    works.len() - 1
                });
                works[place].items.push(pending);
            }
        }
    }
    (works, refused)
}

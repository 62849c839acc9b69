//! From the records of a month, tenant by tenant, to pieces.

use std::collections::BTreeMap;

use annals_domain::{Position, TenantId};
use annals_ports::LogEntry;
use annals_tlog::Hash;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::manifest::{Manifest, PieceEntry, Times};
use super::proof::leaf_of;
use crate::records::{PieceError, PieceRow, PieceWriter};

/// A piece is written when its records weigh so much, bytes before compression.
pub const PIECE_WEIGHT_MAX: usize = 32 << 20;
/// When the records of all tenants that wait weigh so much, the heaviest piece is written before it is full.
pub const HELD_WEIGHT_MAX: usize = 128 << 20;

/// What one tenant has in the month, as far as the log was read.
pub(super) struct Draft {
    rows: Vec<PieceRow>,
    weight: usize,
    received: Option<Times>,
    occurred: Option<Times>,
    pub(super) records: u64,
    pub(super) classes: BTreeMap<String, Timestamp>,
    pub(super) pieces: Vec<PieceEntry>,
}

/// All tenants of the month.
#[derive(Default)]
pub(super) struct Drafts {
    weight: usize,
    of: BTreeMap<TenantId, Draft>,
    /// Those whose manifest was there before.
    stored: BTreeMap<TenantId, (Manifest, String)>,
}

/// Records that become one object.
pub(super) struct Batch {
    pub(super) tenant: TenantId,
    /// Counted from 1.
    pub(super) number: usize,
    rows: Vec<PieceRow>,
    received: Times,
    occurred: Times,
}

/// A piece that was made.
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) leaves: Vec<(Position, Hash)>,
    pub(super) received: Times,
    pub(super) occurred: Times,
}

impl Draft {
    fn new() -> Self {
        Self {
            rows: Vec::new(),
            weight: 0,
            received: None,
            occurred: None,
            records: 0,
            classes: BTreeMap::new(),
            pieces: Vec::new(),
        }
    }
}

impl Drafts {
    /// Whether something is known of the tenant.
    pub(super) fn knows(&self, tenant: &TenantId) -> bool {
        self.of.contains_key(tenant) || self.stored.contains_key(tenant)
    }

    /// Begins with a tenant: with nothing, or with the manifest that was there.
    pub(super) fn begin(&mut self, tenant: &TenantId, stored: Option<(Manifest, String)>) {
        match stored {
            Some(stored) => drop(self.stored.insert(tenant.clone(), stored)),
            None => drop(self.of.insert(tenant.clone(), Draft::new())),
        }
    }

    /// Takes a record on; answers what is to be written now. `times` are when it was recorded and when it
    /// happened, `class` is how long it is kept.
    pub(super) fn add(
        &mut self,
        entry: LogEntry,
        times: (Timestamp, Timestamp),
        class: &str,
    ) -> Option<Batch> {
        let tenant = entry.record.tenant.clone();
        let draft = self.of.get_mut(&tenant)?;
        let stored_bytes = u32::try_from(entry.record.encode().len()).unwrap_or(u32::MAX);
        let row = PieceRow::of_entry(entry, stored_bytes);
        let weight = row.weight();
        draft.rows.push(row);
        draft.records += 1;
        draft.weight += weight;
        self.weight += weight;
        let and = |range: &mut Option<Times>, time| {
            *range = Some(range.map_or(Times::of(time), |range| range.and(time)));
        };
        and(&mut draft.received, times.0);
        and(&mut draft.occurred, times.1);
        match draft.classes.get_mut(class) {
            Some(newest) => *newest = times.0.max(*newest),
            None => drop(draft.classes.insert(class.to_owned(), times.0)),
        }
        if draft.weight >= PIECE_WEIGHT_MAX {
            return self.take(&tenant);
        }
        (self.weight >= HELD_WEIGHT_MAX).then(|| self.heaviest()).flatten()
    }

    fn heaviest(&mut self) -> Option<Batch> {
        let (tenant, _) = self.of.iter().max_by_key(|(_, draft)| draft.weight)?;
        self.take(&tenant.clone())
    }

    /// What one tenant has still to be written.
    pub(super) fn take(&mut self, tenant: &TenantId) -> Option<Batch> {
        let draft = self.of.get_mut(tenant)?;
        let (received, occurred) = (draft.received.take()?, draft.occurred.take()?);
        self.weight -= std::mem::take(&mut draft.weight);
        let rows = std::mem::take(&mut draft.rows);
        Some(Batch {
            tenant: tenant.clone(),
            number: draft.pieces.len() + 1,
            rows,
            received,
            occurred,
        })
    }

    /// Notes that a batch was written.
    pub(super) fn written(&mut self, tenant: &TenantId, entry: PieceEntry) {
        if let Some(draft) = self.of.get_mut(tenant) {
            draft.pieces.push(entry);
        }
    }

    /// The tenants that are to be written.
    pub(super) fn tenants(&self) -> Vec<TenantId> {
        self.of.keys().cloned().collect()
    }

    /// What was gathered of each, and what was there before.
    pub(super) fn finish(
        self,
    ) -> (BTreeMap<TenantId, Draft>, BTreeMap<TenantId, (Manifest, String)>) {
        (self.of, self.stored)
    }
}

impl Batch {
    /// Makes the piece. Takes its time: call it off the async threads.
    pub(super) fn make(self) -> Result<Made, PieceError> {
        let Self { rows, received, occurred, .. } = self;
        // Every record that lies in the log has a leaf.
        let leaf = |row: &PieceRow| row.leaf.map(|leaf| (row.position, leaf_of(&leaf)));
        let leaves = rows.iter().filter_map(leaf).collect();
        let mut writer = PieceWriter::begin(Vec::new())?;
        for row in rows {
            writer.put(row)?;
        }
        let (bytes, _) = writer.finish()?;
        Ok(Made { sha256: sha256(&bytes), bytes, leaves, received, occurred })
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

//! A log in memory that is backed up and restored, and what must hold then.

mod damage;
mod erasing;
mod histories;
mod locks;
mod renewing;
mod rules;

use std::collections::{BTreeMap, HashMap};

use annals_domain::{EventId, Position, Revision, TenantId};
use annals_ports::contract::record;
use annals_ports::{LogEntry, TreeStore};
use annals_record::RootKey;
use annals_tlog::{Algorithm, Checkpoint, Entry, SigningKey, Tree, VerifyingKey};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::*;
use crate::objects::{Access, Place};
use crate::records::{Content, PieceRow};

const ORIGIN: &str = "audit.example.org/main";

fn root() -> RootKey {
    RootKey::from_bytes([3; 32])
}

fn key(shard: &str) -> SigningKey {
    SigningKey::from_seed(&format!("{ORIGIN}/{shard}"), Algorithm::Note, &[5; 32]).unwrap()
}

fn verifying_key(shard: &str) -> Option<VerifyingKey> {
    Some(key(shard).verifying_key().clone())
}

/// A log.
#[derive(Clone, Default)]
struct Log {
    rows: Vec<PieceRow>,
    removed: BTreeMap<Position, EventId>,
    keys: Keys,
    erased: HashMap<EventId, ErasedKey>,
    /// Reading the keys fails, as if the backup were killed.
    is_cut_off: bool,
}

impl Log {
    fn append(&mut self) -> EventId {
        let position = Position(self.rows.len() as u64 + 1);
        let record = record("acme", "s", position.0.into(), &format!("sealed {position}"));
        let stored_bytes = record.encode().len() as u32;
        let entry = LogEntry { position, revision: Revision(position.0 - 1), record };
        self.rows.push(PieceRow::of_entry(entry, stored_bytes));
        self.rows.last().unwrap().id
    }

    fn append_many(&mut self, count: usize) {
        for _ in 0..count {
            self.append();
        }
    }

    /// Retention tells first, and removes then.
    fn remove(&mut self, positions: &[u64]) {
        let run = self.append();
        for position in positions {
            self.removed.entry(Position(*position)).or_insert(run);
        }
    }

    fn row(&self, row: &PieceRow) -> PieceRow {
        match self.removed.get(&row.position) {
            Some(run) => PieceRow { content: Content::Removed { by: Some(*run) }, ..row.clone() },
            None => row.clone(),
        }
    }

    /// Up to a position, with nothing that was removed since.
    fn up_to(&self, until: Position) -> Vec<PieceRow> {
        self.rows[..until.0 as usize].iter().map(|row| self.row(row)).collect()
    }
}

impl BackupSource for Log {
    fn trees(&mut self) -> Result<Vec<TreeEntry>, BoxedError> {
        // The tree is some records behind.
        let leaves: Vec<_> = self.rows.iter().take(self.rows.len().saturating_sub(2)).collect();
        let Some(last) = leaves.last() else { return Ok(Vec::new()) };
        let mut tree = Tree::new();
        let hash = |row: &&PieceRow| Entry::of_digest(&row.leaf.unwrap()).leaf_hash();
        tree.append(&leaves.iter().map(hash).collect::<Vec<_>>())?;
        let origin = format!("{ORIGIN}/2026");
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        Ok(vec![TreeEntry {
            name: "2026".into(),
            size: tree.size(),
            root: HEXLOWER.encode(&tree.root().0),
            position: last.position,
            link: None,
            note: checkpoint.sign(&[&key("2026")])?.note.to_string(),
            cosigned: None,
        }])
    }

    fn head(&mut self) -> Result<Position, BoxedError> {
        Ok(Position(self.rows.len() as u64))
    }

    fn records(
        &mut self,
        after: Position,
        until: Position,
        limit: usize,
        _: usize,
    ) -> Result<Vec<PieceRow>, BoxedError> {
        let rows = self.up_to(until);
        Ok(rows.into_iter().skip(after.0 as usize).take(limit).collect())
    }

    fn removals(&mut self) -> Result<(Removals, Position), BoxedError> {
        let removals = self.removed.iter();
        let removals = removals.map(|(position, run)| Removal { position: *position, run: *run });
        let told_at =
            self.rows.iter().filter(|row| self.removed.values().any(|run| *run == row.id));
        let told_at = told_at.map(|row| row.position).max().unwrap_or_default();
        Ok((removals.collect(), told_at))
    }

    fn keys(&mut self) -> Result<Keys, BoxedError> {
        if self.is_cut_off { Err("killed".into()) } else { Ok(self.keys.clone()) }
    }

    fn registers(&mut self) -> Result<Vec<RegisterEntry>, BoxedError> {
        Ok(vec![RegisterEntry { name: "lease".into(), version: 4, value: "AA==".into() }])
    }

    fn commitments(&mut self) -> Result<Vec<Commitment>, BoxedError> {
        Ok(vec![Commitment { name: "2026-11-21".into(), note: "note".into() }])
    }

    fn erased(&mut self, row: &PieceRow) -> Result<Option<ErasedKey>, BoxedError> {
        Ok(self.erased.get(&row.id).cloned())
    }
}

/// What was restored.
#[derive(Default)]
struct Memory {
    rows: Vec<PieceRow>,
    keys: Keys,
    registers: Vec<RegisterEntry>,
    commitments: Vec<Commitment>,
    is_finished: bool,
}

impl RestoreTarget for Memory {
    fn records(&mut self, rows: Vec<PieceRow>) -> Result<(), BoxedError> {
        self.rows.extend(rows);
        Ok(())
    }

    fn keys(&mut self, keys: &Keys) -> Result<(), BoxedError> {
        self.keys = keys.clone();
        Ok(())
    }

    fn registers(&mut self, registers: &[RegisterEntry]) -> Result<(), BoxedError> {
        self.registers = registers.to_vec();
        Ok(())
    }

    fn commitments(&mut self, commitments: &[Commitment]) -> Result<(), BoxedError> {
        self.commitments = commitments.to_vec();
        Ok(())
    }

    fn trees(&mut self) -> Result<Option<&dyn TreeStore>, BoxedError> {
        Ok(None)
    }

    fn finish(&mut self) -> Result<(), BoxedError> {
        self.is_finished = true;
        Ok(())
    }
}

fn folder() -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::open(dir.path().to_str().unwrap(), Access::Write).unwrap();
    (dir, place)
}

fn holder(token: &str) -> Holder {
    Holder { host: "here".into(), processes: String::new(), process: 7, token: token.into() }
}

async fn repository(place: &Place) -> Repository {
    let (place, now) = (place.clone(), Timestamp::now());
    Repository::open_or_make(place, &root(), ORIGIN, now).await.unwrap()
}

async fn back_up(place: &Place, log: &mut Log, how: &MakeSettings) -> Result<Made, MakeError> {
    let repository = repository(place).await;
    let mut lock = Lock::take(place, holder("test"), Timestamp::now(), |_| false).await?;
    let made = make(&repository, log, &root(), how, &mut lock).await;
    lock.release().await?;
    made
}

fn verified() -> MakeSettings {
    MakeSettings { verify: true, ..MakeSettings::default() }
}

async fn restored(place: &Place, point: Point) -> Result<(Memory, Restored), RestoreError> {
    restored_with(place, point, Vec::new()).await
}

async fn restored_with(
    place: &Place,
    point: Point,
    ledger: Vec<ErasedKey>,
) -> Result<(Memory, Restored), RestoreError> {
    let repository = Repository::open(place.clone(), &root()).await?;
    let plan = plan(&repository, point, ledger).await?;
    let mut memory = Memory::default();
    let naming = Naming::Same(&verifying_key);
    let told = restore(&repository, &plan, &root(), naming, &mut memory, |_| {}).await?;
    Ok((memory, told))
}

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

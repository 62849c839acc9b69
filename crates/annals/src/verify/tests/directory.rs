//! Data directories as a service leaves them, and what the verifier says of them.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZero;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_domain::TenantId;
use annals_engine::tiles::{LogSigner, TILES};
use annals_engine::{Admitted, System};
use annals_ports::KeyStore;
use annals_ports::contract::removable;
use annals_record::RootKey;
use annals_store_sqlite::SqliteKeyStore;
use indicatif::ProgressBar;
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::super::embedded;
use super::events::{id, numbered};
use crate::configuration::Settings;
use crate::installation::Installation;
use crate::root_key;

pub(super) const LOG: &str = "events.db";
pub(super) const KEYS: &str = "keys.db";
pub(super) const TREES: &str = "tiles.db";
pub(super) const MARK: &str = "tiles.mark";
/// All that is verified, and the key without which it cannot be.
const FILES: [&str; 8] =
    [LOG, "events.db-wal", KEYS, "keys.db-wal", TREES, "tiles.db-wal", MARK, "master.key"];
/// What a reader leaves behind that the files of an image must not meet.
const LEFT_BEHIND: [&str; 3] = ["events.db-shm", "keys.db-shm", "tiles.db-shm"];
const PATIENCE: Duration = Duration::from_secs(30);
const BATCH: u64 = 500;

/// A data directory of its own.
pub(crate) struct Directory {
    home: TempDir,
    settings: Settings,
}

/// What the verifier says.
#[derive(Debug)]
pub(super) enum Verdict {
    Whole,
    /// What it found, a line each.
    Found(String),
    /// It could not go on, and says why.
    Failed(String),
}

impl Directory {
    pub(crate) fn new() -> Self {
        let mut settings = Settings::load(None).unwrap();
        settings.projections.tiles_commit_ms = 5;
        settings.integrity.audit_interval_seconds = 0;
        Self { home: tempfile::tempdir().unwrap(), settings }
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs a service on it; `work` comes when it has started.
    pub(crate) async fn serve(&self, work: impl AsyncFnOnce(&Installation, &System)) {
        let installation = Installation::open(self.path(), &self.settings).await.unwrap();
        let system = installation.start(&self.settings).await.unwrap();
        work(&installation, &system).await;
        wait_for_trees(&installation, &system).await;
        system.stop().await;
        installation.close().await;
    }

    /// Runs a service that records the events of these numbers in the year.
    pub(crate) async fn record(&self, numbers: Range<u64>, year: i16) {
        self.serve(async |_, system| {
            for first in numbers.clone().step_by(BATCH as usize) {
                let batch = first..numbers.end.min(first + BATCH);
                record(system, batch.map(|number| numbered(number, year)).collect()).await;
            }
        })
        .await;
    }

    /// Brings what lies in logs of writes over into the files, as happens sooner or later.
    pub(super) fn bring_over(&self) {
        for file in [LOG, KEYS, TREES] {
            let connection = super::damage::open(&self.file(file));
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    }

    /// Who signs here.
    pub(crate) fn signer(&self) -> LogSigner {
        self.settings.integrity.signer(&self.root()).unwrap()
    }

    /// The root key, read on a thread of its own, since tests may be within a runtime.
    fn root(&self) -> RootKey {
        let read = async || {
            let keys = SqliteKeyStore::open(self.path()).unwrap();
            let stored = keys.root_key().await.unwrap().unwrap();
            let master = self.settings.keys.open(self.path(), false).unwrap();
            root_key::unwrap(&*master, &stored).await.unwrap()
        };
        std::thread::scope(|scope| {
            let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
            scope.spawn(move || runtime().block_on(read())).join().unwrap()
        })
    }

    /// What the verifier says.
    pub(super) async fn verdict(&self) -> Verdict {
        let bar = ProgressBar::hidden();
        match embedded::look(self.path(), &self.settings, &bar).await {
            Ok(found) if found.total == 0 => Verdict::Whole,
            Ok(found) => Verdict::Found(found.told.join("\n")),
            Err(error) => Verdict::Failed(format!("{error:#}")),
        }
    }
}

/// Does the work for each number below `count`, on some threads with a directory each.
pub(super) fn for_each<T: Send>(
    count: usize,
    work: impl AsyncFn(&Directory, usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let (next, work) = (&next, &work);
    let run = move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let directory = Directory::new();
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return done;
            }
            done.push((number, runtime.block_on(work(&directory, number))));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(count);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, done)| done).collect()
}

/// Records events of several tenants, each of which must be taken.
pub(super) async fn record(system: &System, events: Vec<Admitted>) {
    let mut by_tenant = BTreeMap::<TenantId, Vec<Admitted>>::new();
    for admitted in events {
        by_tenant.entry(admitted.event.tenant.clone()).or_default().push(admitted);
    }
    for (tenant, events) in by_tenant {
        let permit = system.recorder.permits.take_bytes(1).expect("there is room");
        for result in system.recorder.record(&tenant, events, permit).await {
            result.unwrap();
        }
    }
}

/// Records a retention run under this number, and removes the events of the other numbers.
pub(super) async fn remove(
    installation: &Installation,
    system: &System,
    run: Admitted,
    removed: &[u64],
) {
    let log = &installation.store.log;
    let run_id = run.event.id;
    let tenant = run.event.tenant.clone();
    record(system, vec![run]).await;
    let mut positions = Vec::new();
    for number in removed {
        let entry = log.find(&tenant, id(*number)).await.unwrap();
        positions.push(entry.expect("it was recorded").position);
    }
    // Removed when all have taken them in, as the retention job does.
    wait_for_trees(installation, system).await;
    let events: Vec<_> = positions.iter().copied().map(removable).collect();
    assert_eq!(log.remove(run_id, &events).await.unwrap(), positions.len() as u64);
}

pub(super) async fn wait_for_trees(installation: &Installation, system: &System) {
    let head = installation.store.log.head().await.unwrap();
    let progress = system.queries.progress();
    let trees = progress.iter().find(|progress| progress.name() == TILES).unwrap();
    let mut watch = trees.watch();
    let reached = watch.wait_for(|applied| *applied >= head);
    tokio::time::timeout(PATIENCE, reached).await.expect("the trees grow").unwrap();
}

/// The files of a directory at one moment.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Image(pub(super) BTreeMap<&'static str, Vec<u8>>);

impl Image {
    pub(super) fn of(dir: &Path) -> Self {
        let files = FILES.iter().filter_map(|name| Some((*name, fs::read(dir.join(name)).ok()?)));
        Self(files.collect())
    }

    /// Makes the directory what it was, as far as it is verified.
    pub(super) fn put(&self, dir: &Path) {
        for name in FILES.iter().chain(&LEFT_BEHIND) {
            match self.0.get(name) {
                Some(bytes) => fs::write(dir.join(name), bytes).unwrap(),
                None => drop(fs::remove_file(dir.join(name))),
            }
        }
        let key = dir.join("master.key");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The same with some files as they were at another moment.
    pub(super) fn with(&self, names: &[&'static str], other: &Self) -> Self {
        let mut files = self.0.clone();
        for name in names {
            match other.0.get(name) {
                Some(bytes) => files.insert(name, bytes.clone()),
                None => files.remove(name),
            };
        }
        Self(files)
    }
}

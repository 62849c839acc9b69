//! A data directory opened: its stores, its keys, and the engine on top of them.

use std::path::Path;
use std::sync::Arc;

use annals_api::lifecycle::{LifecycleParts, job::JobStatus};
use annals_archive::archive::Archiver;
use annals_domain::Position;
use annals_domain::catalogue::Catalogue;
use annals_domain::limits::Limits;
use annals_domain::masking::Masker;
use annals_engine::{
    ArchiveParts, Clock, DetectionParts, ExportParts, Permits, Ports, RetentionRules,
    RetentionTime, Role, System, TileParts, WallClock,
};
use annals_ports::{SharedRegisters, TreeStore};
use annals_record::RootKey;
use annals_record::sealed_file::FileKey;
use annals_search::GenerationalIndex;
use annals_store_sqlite::{
    DataDir, SqliteAccess, SqliteDetection, SqliteInbox, SqliteProfiles, SqliteQuarantine,
    SqliteRegisters, SqliteTrees,
};
use anyhow::Context;
use tokio::sync::Notify;
use tracing::warn;

use crate::channels;
use crate::configuration::Settings;
use crate::descriptors;
use crate::links::SealedLinks;
use crate::publishing;
use crate::secrets;
use crate::store::Store;

/// The directory of the search index within the data directory.
const INDEX: &str = "index";
/// The directory of exports.
const EXPORTS: &str = "exports";

/// The stores of a data directory, which no other process has open.
pub(crate) struct Installation {
    pub(crate) store: Store,
    pub(crate) index: Arc<GenerationalIndex>,
    pub(crate) profiles: Arc<SqliteProfiles>,
    pub(crate) inbox: Arc<SqliteInbox>,
    pub(crate) access: Arc<SqliteAccess>,
    pub(crate) detection: Arc<SqliteDetection>,
    /// The Merkle trees of an embedded log.
    pub(crate) trees: Option<Arc<SqliteTrees>>,
    pub(crate) quarantine: Arc<SqliteQuarantine>,
    pub(crate) root: RootKey,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) masker: Arc<Masker>,
    pub(crate) limits: Arc<Limits>,
    /// Held until the end, so that no second process opens the directory.
    dir: DataDir,
}

impl Installation {
    /// Opens the stores, making them when the directory is new.
    pub(crate) async fn open(data_dir: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let dir = DataDir::open(data_dir)?;
        let path = dir.path();
        let (store, root) = Store::open(path, &settings.store, &settings.keys).await?;
        let catalogue = Arc::new(Catalogue::shipped());
        let index = settings.index.of_search(&root, catalogue.upcasters());
        let (index, quarantine) = GenerationalIndex::open(&path.join(INDEX), index)?;
        if let Some(quarantine) = quarantine {
            warn!(
                "damaged parts of the search index ({}) were set aside in `{}`; they are made anew",
                quarantine.partitions.join(", "),
                quarantine.moved_to.display()
            );
        }
        Ok(Self {
            store,
            index: Arc::new(index),
            profiles: Arc::new(SqliteProfiles::open(path, &file_key(&root, "profiles"))?),
            inbox: Arc::new(SqliteInbox::open(path, &file_key(&root, "inbox"))?),
            access: Arc::new(SqliteAccess::open(path, &file_key(&root, "access"))?),
            detection: Arc::new(SqliteDetection::open(path, &file_key(&root, "detection"))?),
            trees: match settings.store.is_embedded() {
                true => Some(Arc::new(SqliteTrees::open(path)?)),
                false => None,
            },
            quarantine: Arc::new(SqliteQuarantine::open(path)?),
            root,
            catalogue,
            masker: Arc::new(settings.masking.rules()?),
            limits: Arc::new(descriptors::fitted(Limits::shipped())),
            dir,
        })
    }

    /// A clock that never tells less than the newest record of the log.
    pub(crate) async fn clock(&self) -> anyhow::Result<Clock> {
        let head = self.store.log.head().await?;
        if head == Position::START {
            return Ok(Clock::default());
        }
        let newest = self.store.log.read_at(&[head]).await?.into_iter().flatten().next();
        let newest = newest.context("the log has lost its newest record; run `annals verify`")?;
        let header = newest.record.header().context("reading the newest record")?;
        Ok(Clock::starting_at(header.recorded_at))
    }

    /// Starts the engine on these stores, without looking for what is suspicious.
    pub(crate) async fn start(&self, settings: &Settings) -> anyhow::Result<System> {
        self.start_with(settings, None).await
    }

    /// Starts the engine on these stores.
    pub(crate) async fn start_with(
        &self,
        settings: &Settings,
        detection: Option<DetectionParts>,
    ) -> anyhow::Result<System> {
        let permits = Permits::of(&self.limits.request);
        let links = Arc::new(SealedLinks::open(settings, &self.root, &self.catalogue)?);
        let ports = Ports {
            log: self.store.log.clone(),
            keys: self.store.keys.clone(),
            registers: self.store.registers.clone(),
            carriers: channels::carriers(&settings.carriers(), links)?,
            standing: channels::open(&settings.webhook)?,
            index: self.index.clone(),
            profiles: self.profiles.clone(),
            inbox: self.inbox.clone(),
            access: self.access.clone(),
            quarantine: self.quarantine.clone(),
            spool: self.store.spool.clone(),
            exports: self.exports(settings),
            detection,
            tiles: self.tiles(settings)?,
            archive: self.archive(settings)?,
        };
        let engine = annals_engine::Settings {
            recorder: settings.recorder.clone(),
            projections: settings.projections.clone(),
            supervision: settings.supervision.clone(),
            scrub: settings.index.scrub(),
            delivery: settings.delivery.clone(),
            access: settings.auth.access_rules(),
            quarantine: settings.quarantine.clone(),
            spool: settings.spool.clone(),
            roles: settings.node.roles,
            node: self.node_name(settings)?,
            permits,
            query: self.limits.query.clone(),
        };
        let root = self.root.clone();
        System::start(ports, root, Arc::clone(&self.catalogue), engine)
            .await
            .context("starting the engine")
    }

    /// What retention goes by.
    pub(crate) fn retention_rules(&self, settings: &Settings) -> RetentionRules {
        RetentionRules {
            installation: settings.retention.clone(),
            catalogue: Arc::clone(&self.catalogue),
            limits: self.limits.query.clone(),
        }
    }

    /// What keeping and forgetting needs beside the log. `wall` is what the clock tells.
    pub(crate) async fn lifecycle(&self, settings: &Settings) -> anyhow::Result<LifecycleParts> {
        let registers = self.own_registers()?;
        let wall = WallClock::system();
        let time = RetentionTime::open(registers, wall.now()).await;
        Ok(LifecycleParts {
            settings: settings.lifecycle.clone(),
            time: time.context("reading the time that retention goes by")?,
            wall,
            certifier: settings.integrity.signer(&self.root)?,
            job: JobStatus::default(),
            work: Notify::new(),
        })
    }

    /// What each node keeps for itself, also while the server that keeps its log is away.
    pub(crate) fn own_registers(&self) -> anyhow::Result<Arc<dyn SharedRegisters>> {
        match self.store.ends() {
            Some(_) => Ok(self.store.registers.clone()),
            None => Ok(Arc::new(SqliteRegisters::open(self.dir.path())?)),
        }
    }

    /// Where exports are kept; only a node that answers questions makes any.
    fn exports(&self, settings: &Settings) -> Option<ExportParts> {
        let dir = self.dir.path().join(EXPORTS);
        let key = file_key(&self.root, "exports");
        let parts = || ExportParts { dir, settings: settings.export.clone(), key };
        settings.node.roles.has(Role::Query).then(parts)
    }

    /// What looks for what is suspicious, where that is wanted.
    pub(crate) fn detection(
        &self,
        settings: &Settings,
        clock: &Arc<Clock>,
    ) -> anyhow::Result<Option<DetectionParts>> {
        let (store, clock) = (self.detection.clone(), Arc::clone(clock));
        settings.detection.parts(&self.catalogue, store, clock)
    }

    /// What keeps the Merkle trees of an embedded log. Of a log on a server no node keeps them yet.
    fn tiles(&self, settings: &Settings) -> anyhow::Result<Option<TileParts>> {
        let (Some(trees), Some(ends)) = (&self.trees, self.store.ends()) else { return Ok(None) };
        let (dir, integrity) = (self.dir.path(), &settings.integrity);
        let parts = integrity.parts(dir, trees.clone(), ends, &self.root)?;
        Ok(Some(TileParts { publishing: publishing::open(integrity)?, ..parts }))
    }

    /// What reads the archive; only a node that answers questions does, or that writes it.
    fn archive(&self, settings: &Settings) -> anyhow::Result<Option<ArchiveParts>> {
        match settings.node.roles.has(Role::Query) || settings.archive.write {
            true => settings.archive.parts(&settings.integrity, &self.root),
            false => Ok(None),
        }
    }

    /// What writes it.
    pub(crate) fn archiver(&self, settings: &Settings) -> anyhow::Result<Archiver> {
        let trees = self.trees.clone().map(|trees| trees as Arc<dyn TreeStore>);
        let log = self.store.log.clone();
        settings.archive.archiver(&settings.integrity, &self.root, log, trees)
    }

    /// Name of this node, which no other node of the log has.
    pub(crate) fn node_name(&self, settings: &Settings) -> anyhow::Result<String> {
        match settings.node.name.as_str() {
            "" => secrets::node_name(self.dir.path()),
            name => Ok(name.to_owned()),
        }
    }

    /// Closes the log: what it took on is durable.
    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}

/// The key under which files of one purpose lie on disk.
fn file_key(root: &RootKey, purpose: &str) -> FileKey {
    FileKey::from_bytes(*root.derive(&format!("files of {purpose}")))
}

//! A month goes out of a real data directory, is checked, and comes back into a new one.

use std::path::{Path, PathBuf};

use annals_domain::filter::{Filter, Order, Scope};
use annals_domain::{Recorded, TenantId};
use annals_engine::{PageRequest, System};
use clap::Parser;
use jiff::Timestamp;

use super::*;
use crate::configuration::Settings;
use crate::exit;
use crate::installation::Installation;
use crate::verify::tests::directory::Directory;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: ArchiveCommand,
}

/// Runs `annals archive` with these words.
async fn archive(words: &[&str]) -> anyhow::Result<()> {
    let line = std::iter::once("annals").chain(words.iter().copied());
    run(Line::try_parse_from(line)?.command).await
}

struct World {
    directory: Directory,
    home: tempfile::TempDir,
}

impl World {
    /// Events of two tenants in June 2024, which are archived.
    async fn new() -> Self {
        let world = Self { directory: Directory::new(), home: tempfile::tempdir().unwrap() };
        world.directory.record(1..40, 2024).await;
        let settings = world.settings();
        world
            .directory
            .serve(async |installation, system| {
                let archiver = installation.archiver(&settings).unwrap();
                for months in [1, 0] {
                    let stored = archiver.run(Timestamp::now()).await.unwrap();
                    assert_eq!(stored.len(), months);
                    for month in &stored {
                        let catalogue = &installation.catalogue;
                        assert!(events::record(month, &system.recorder, catalogue).await);
                        assert!(events::record(month, &system.recorder, catalogue).await, "twice");
                    }
                }
            })
            .await;
        world
    }

    fn place(&self) -> String {
        self.home.path().join("place").display().to_string()
    }

    fn settings(&self) -> Settings {
        let file = self.home.path().join("annals.toml");
        std::fs::write(&file, format!("[archive]\nto = \"{}\"\n", self.place())).unwrap();
        Settings::load(Some(&file)).unwrap()
    }

    /// The file of public keys.
    fn keys(&self) -> PathBuf {
        let (signer, file) = (self.directory.signer(), self.home.path().join("keys"));
        let keys = [
            key(&signer).unwrap().verifying_key().to_string(),
            signer.verifying_key("2024").unwrap().to_string(),
        ];
        std::fs::write(&file, keys.join("\n")).unwrap();
        file
    }

    async fn restore(&self, to: &Path, month: &str) -> anyhow::Result<()> {
        let (place, from) = (self.place(), self.directory.path().to_str().unwrap());
        let to = to.to_str().unwrap();
        archive(&["restore", &place, "--month", month, "--data-dir", to, "--keys-from", from]).await
    }
}

async fn events_of(system: &System, tenant: &str, of_type: &str) -> Vec<Recorded> {
    let scope = Scope::tenant(TenantId::new(tenant).unwrap());
    let (filter, order) = (Filter::equals("type", of_type), Order::RecordedOldest);
    let request = PageRequest { scope, filter, order, after: None, limit: 100 };
    let head = system.queries.head();
    system.queries.wait_for(head, std::time::Duration::from_secs(30)).await.unwrap();
    system.queries.page(request).await.unwrap().events
}

#[tokio::test]
async fn each_tenant_is_told_once_that_a_month_was_stored() {
    let world = World::new().await;
    world
        .directory
        .serve(async |_, system| {
            for (tenant, records) in [("acme", 26), ("globex", 13)] {
                let told = events_of(system, tenant, "annals.archive.stored").await;
                assert_eq!(told.len(), 1);
                let metadata = &told[0].event.metadata;
                assert_eq!(
                    (&metadata["month"], &metadata["records"]),
                    (&"2024-06".into(), &records.into())
                );
            }
        })
        .await;
}

#[tokio::test]
async fn an_archive_is_checked_with_public_keys_and_a_change_ends_with_2() {
    let world = World::new().await;
    let (place, keys) = (world.place(), world.keys());
    let words = ["verify", &place, "--keys", keys.to_str().unwrap()];
    archive(&words).await.unwrap();
    archive(&["list", &place, "--tenant", "acme"]).await.unwrap();
    let error = archive(&["verify", &place]).await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::USAGE, "{error:#}");
    let root = world
        .home
        .path()
        .join("place")
        .join(annals_archive::archive::root(world.directory.signer().log()));
    let manifest = root.join("acme/2024-06/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("26", "25", 1)).unwrap();
    let error = archive(&words).await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::TAMPERED, "{error:#}");
    let new = world.home.path().join("new");
    let error = world.restore(&new, "2024-06").await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::TAMPERED, "nothing that is not whole: {error:#}");
    assert!(!new.exists());
}

#[tokio::test]
async fn a_month_comes_back_with_its_positions_and_without_who_was_erased() {
    let world = World::new().await;
    let mut before = Vec::new();
    world
        .directory
        .serve(async |installation, system| {
            before = events_of(system, "acme", "user.signed.in").await;
            let entry = installation.store.log.read_at(&[before[0].position]).await.unwrap();
            let entry = entry.into_iter().flatten().next().unwrap();
            let owner = entry.record.groups[0].key;
            let keys = &installation.store.keys;
            assert!(keys.destroy_person_key(&entry.record.tenant, &owner).await.unwrap());
        })
        .await;
    let new = world.home.path().join("new");
    world.restore(&new, "2024-06").await.unwrap();
    let error = world.restore(&new, "2024-06").await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::USAGE, "it holds a log: {error:#}");
    let settings = Settings::load(Some(&new.join("restored.toml"))).unwrap();
    let installation = Installation::open(&new, &settings).await.unwrap();
    let system = installation.start(&settings).await.unwrap();
    let after = events_of(&system, "acme", "user.signed.in").await;
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        let place = |it: &Recorded| (it.position, it.revision, it.stream.clone(), it.header_digest);
        assert_eq!(place(after), place(before));
    }
    assert!(!after[0].erased.is_empty(), "who was erased stays unreadable");
    assert!(after.iter().any(|event| event.erased.is_empty() && event.event.subject.is_some()));
    system.stop().await;
    installation.close().await;
}

#[tokio::test]
async fn a_tenant_whose_manifest_is_gone_is_missed_when_all_are_restored() {
    let world = World::new().await;
    let root = annals_archive::archive::root(world.directory.signer().log());
    let globex = world.home.path().join("place").join(root).join("globex/2024-06");
    std::fs::remove_dir_all(globex).unwrap();
    let new = world.home.path().join("new");
    let error = world.restore(&new, "2024-06").await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::TAMPERED, "{error:#}");
    assert!(!new.exists());
}

#[tokio::test]
async fn a_place_without_an_archive_is_not_told_to_be_whole() {
    let world = World::new().await;
    let (elsewhere, keys) = (tempfile::tempdir().unwrap(), world.keys());
    let verify =
        async |place: &str| archive(&["verify", place, "--keys", keys.to_str().unwrap()]).await;
    verify(&world.place()).await.unwrap();
    let error = verify(elsewhere.path().to_str().unwrap()).await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::USAGE, "{error:#}");
}

#[tokio::test]
async fn a_month_that_is_not_there_is_told() {
    let world = World::new().await;
    let error = world.restore(&world.home.path().join("new"), "2024-07").await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::USAGE, "{error:#}");
}

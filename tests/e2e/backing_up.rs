//! Backups that are made while the service runs, and data directories that are restored from them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_tests::{Caller, Ledger, Program, Setup, TestService, check_whole, samples};

use crate::killing::start_writers;
use crate::{ANNALS, ids, program, service};

/// The service records so long before a backup begins, and after it.
const LOAD: Duration = Duration::from_millis(500);
/// A backup that reads so slowly can be killed while it does.
const SLOW: &str = "--records-per-second=100";

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary directories have plain names")
}

/// A place for backups, beside the data.
fn place(service: &TestService) -> PathBuf {
    service.home().join("backups")
}

async fn back_up(service: &TestService) -> String {
    service.run(&["backup", "--to", text(&place(service))]).await.expect(0)
}

async fn record(writer: &Caller, count: usize) {
    let event = |n| {
        let mut event = samples::numbered("robot", n);
        event["id"] = samples::id().into();
        event
    };
    let events: Vec<_> = (0..count).map(event).collect();
    writer.bulk(&events).await.expect(201);
}

/// A service whose data directory holds the master key of another, and nothing else yet.
fn beside(service: &TestService) -> TestService {
    let other = TestService::prepared_as(ANNALS, Setup::default());
    let dir = other.data_dir();
    std::fs::create_dir_all(&dir).expect("the temporary directory can be written");
    let key = "master.key";
    std::fs::copy(service.data_dir().join(key), dir.join(key)).expect("a running service has one");
    other
}

async fn restore(from: &TestService, to: &TestService, more: &[&str]) -> annals_tests::Ended {
    let place = place(from);
    to.run(&[&["restore", "--from", text(&place)], more].concat()).await
}

#[tokio::test]
async fn a_backup_under_load_loses_nothing_and_what_is_restored_answers_the_same() {
    let mut service = service().await;
    let writer = service.caller("load", "acme", "writer").await;
    let auditor = service.caller("audit", "acme", "auditor").await;
    let (ledger, cut_off) = (Arc::new(Ledger::default()), Arc::new(Mutex::new(Vec::new())));
    let writers = start_writers(&writer, &ledger, &cut_off, 1);
    tokio::time::sleep(LOAD).await;
    let acknowledged = ledger.len();
    let first = back_up(&service).await;
    assert!(first.contains("full"), "{first}");
    tokio::time::sleep(LOAD).await;
    assert!(ledger.len() > acknowledged, "recording went on");
    service.kill9().await;
    writers.join_all().await;
    service.restart().await;
    auditor.wait_until_current().await;
    let recorded = auditor.walk_recorded(None).await;
    service.stop().await;
    let second = back_up(&service).await;
    assert!(second.contains("incremental"), "{second}");

    let mut other = beside(&service);
    restore(&service, &other, &[]).await.expect(0);
    other.run(&["verify"]).await.expect(0);
    other.restart().await;
    let reader = other.caller("audit", "acme", "auditor").await;
    reader.wait_until_current().await;
    let restored = reader.walk_recorded(None).await;
    check_whole(&reader, &restored).await;
    ledger.check_kept(&restored);
    assert_eq!(ids(&restored), ids(&recorded));
}

#[tokio::test]
async fn a_backup_that_was_killed_is_made_up_for_by_the_next() {
    let service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    record(&writer, 100).await;
    back_up(&service).await;
    for _ in 0..5 {
        record(&writer, 500).await;
    }
    let (dir, to) = (service.data_dir(), place(&service));
    let arguments = ["backup", "--data-dir", text(&dir), "--to", text(&to), SLOW];
    let mut killed = Program::at(ANNALS).command().args(arguments).spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = service.run(&["backup", "--to", text(&to)]).await;
    assert_eq!(refused.code, Some(75), "one at a time: {}", refused.stderr);
    killed.kill().await.unwrap();
    let next = back_up(&service).await;
    assert!(next.contains("incremental"), "{next}");
    let checked = restore(&service, &beside(&service), &["--dry-run"]).await.expect(0);
    assert!(checked.contains("checked"), "{checked}");
}

#[tokio::test]
async fn what_is_changed_and_who_has_another_key_is_refused_before_anything_opens() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    record(&writer, 200).await;
    service.stop().await;
    back_up(&service).await;
    let stranger = TestService::prepared_as(ANNALS, Setup::default());
    std::fs::create_dir_all(stranger.data_dir()).unwrap();
    let without = restore(&service, &stranger, &[]).await;
    assert_eq!(without.code, Some(64), "{}", without.stderr);
    std::fs::write(stranger.data_dir().join("master.key"), "00".repeat(32)).unwrap();
    let chmod = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(stranger.data_dir().join("master.key"), chmod).unwrap();
    let other_key = restore(&service, &stranger, &[]).await;
    assert!(other_key.stderr.contains("another master key"), "{}", other_key.stderr);

    let other = beside(&service);
    for folder in ["pieces", "keys", "removals", "snapshots"] {
        let file = std::fs::read_dir(place(&service).join(folder)).unwrap().next().unwrap();
        let file = file.unwrap().path();
        let whole = std::fs::read(&file).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        std::fs::write(&file, changed).unwrap();
        let refused = restore(&service, &other, &[]).await;
        assert_ne!(refused.code, Some(0), "{folder}");
        assert!(!other.data_dir().join("events.db").exists(), "{folder}: {}", refused.stderr);
        std::fs::write(&file, whole).unwrap();
    }
    restore(&service, &other, &[]).await.expect(0);
    let again = restore(&service, &other, &[]).await;
    assert_eq!(again.code, Some(64), "it is not empty: {}", again.stderr);
}

#[tokio::test]
async fn a_point_in_time_is_restored_as_a_log_of_another_name() {
    let mut service = service().await;
    let writer = service.caller("shop", "acme", "writer").await;
    record(&writer, 50).await;
    service.stop().await;
    back_up(&service).await;
    let mut other = beside(&service);
    let fork = restore(&service, &other, &["--position", "20"]).await;
    assert_eq!(fork.code, Some(2), "{}", fork.stderr);
    assert!(fork.stderr.contains("--new-origin"), "{}", fork.stderr);
    let renamed = ["--position", "20", "--new-origin", "audit.example.org/again"];
    let told = restore(&service, &other, &renamed).await.expect(0);
    assert!(told.contains("restored 20 records up to position 20"), "{told}");
    other.set("ANNALS_INTEGRITY__ORIGIN", "audit.example.org/again");
    other.run(&["verify"]).await.expect(0);
    other.restart().await;
    let reader = other.caller("audit", "acme", "auditor").await;
    reader.wait_until_current().await;
    other.stop().await;
    other.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn the_service_backs_itself_up_and_tells_of_it() {
    let setup = Setup::default();
    let mut service = TestService::prepared_as(ANNALS, setup);
    let to = place(&service);
    service.set("ANNALS_BACKUP__TO", text(&to));
    service.restart().await;
    let reader = service.caller("audit", "system", "auditor").await;
    annals_tests::wait_until("a backup is told of", annals_tests::PATIENCE, async || {
        let found = reader.find("type:annals.backup.made").await;
        (!found.is_empty()).then_some(())
    })
    .await;
    let metric = reader.metric("annals_backup_last_success_timestamp_seconds").await;
    assert!(metric > Some(1_700_000_000.0), "{metric:?}");
    let nowhere = program().run(&["backup", "--data-dir", "/nonexistent", "--to", "x"]).await;
    assert_eq!(nowhere.code, Some(74), "{}", nowhere.stderr);
}

#[tokio::test]
async fn the_service_backs_itself_up_after_its_master_key_was_exchanged_and_the_old_one_opens_nothing()
 {
    let mut service = TestService::prepared_as(ANNALS, Setup::default());
    let to = place(&service);
    service.set("ANNALS_BACKUP__TO", text(&to));
    service.set("ANNALS_BACKUP__INTERVAL_SECONDS", "1");
    service.restart().await;
    let reader = service.caller("audit", "system", "auditor").await;
    let made = async |more_than: usize| {
        let found = reader.find("type:annals.backup.made").await.len();
        (found > more_than).then_some(found)
    };
    let patience = annals_tests::PATIENCE;
    annals_tests::wait_until("a backup is made", patience, async || made(0).await).await;
    let wrappings = || std::fs::read_dir(to.join("roots")).unwrap().count();
    assert_eq!(wrappings(), 1);
    let new = service.home().join("new.key");
    let data = service.data_dir();
    let rotate = ["keys", "rotate-master", "--new-key-file", text(&new), "--data-dir", text(&data)];
    service.program().run(&rotate).await.expect(0);
    // One may be under way; what begins after that knows the exchange.
    let before = reader.find("type:annals.backup.made").await.len();
    let enough = async || made(before + 1).await;
    annals_tests::wait_until("two more backups are made", patience, enough).await;
    assert!(reader.find("type:annals.backup.failed").await.is_empty());
    service.stop().await;
    assert_eq!(wrappings(), 1, "what the old master key wrapped is gone");

    let mut other = beside(&service);
    let refused = restore(&service, &other, &["--dry-run"]).await;
    assert!(refused.stderr.contains("another master key"), "{}", refused.stderr);
    other.set("ANNALS_MASTER_KEY_FILE", text(&new));
    restore(&service, &other, &["--dry-run"]).await.expect(0);
}

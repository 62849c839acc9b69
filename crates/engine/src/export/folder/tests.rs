use std::os::unix::fs::PermissionsExt;

use annals_domain::{Position, TenantId};
use annals_export::Format;
use jiff::Timestamp;

use super::super::job::{ExportStatus, Requester};
use super::*;

fn job(bytes: u64) -> ExportJob {
    ExportJob {
        v: 1,
        id: ExportId::random(),
        requester: Requester {
            tenant: TenantId::new("acme").unwrap(),
            id: "kim".into(),
            rights: serde_json::Value::Null,
        },
        form: Format::Ndjson.into(),
        scope: "tenant:acme".into(),
        query: String::new(),
        until: Position(9),
        status: ExportStatus::Queued,
        reason: None,
        requested_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
        expires_at: None,
        position: Position::START,
        events: 0,
        bytes,
        percent: 0,
        sha256: None,
    }
}

fn folder() -> (tempfile::TempDir, Folder) {
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::open(home.path().join("exports"), key()).unwrap();
    (home, folder)
}

fn key() -> FileKey {
    FileKey::from_bytes([5; 32])
}

#[test]
fn files_are_for_their_owner_alone() {
    let (home, folder) = folder();
    let job = job(0);
    folder.keep(&job).unwrap();
    drop(folder.file_to_write(&job).unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path().join("exports")), 0o700);
    assert_eq!(mode(&folder.of(job.id)), 0o700);
    assert_eq!(mode(&folder.of(job.id).join(JOB)), 0o600);
    assert_eq!(mode(&folder.file_of(job.id)), 0o600);
}

#[test]
fn writing_goes_on_behind_what_is_durable_and_no_further() {
    let (_home, folder) = folder();
    let begun = job(0);
    folder.keep(&begun).unwrap();
    let (mut file, _) = folder.file_to_write(&begun).unwrap();
    file.write_all(b"durable, ").unwrap();
    file.seal().unwrap();
    file.write_all(b"and half a li").unwrap();
    file.seal().unwrap();
    drop(file);
    let kept = ExportJob { bytes: 9, ..begun.clone() };
    let (file, mut before) = folder.file_to_write(&kept).unwrap();
    let mut text = String::new();
    before.read_to_string(&mut text).unwrap();
    assert_eq!(text, "durable, ");
    drop(file);
    let lost = ExportJob { bytes: 10, ..begun };
    assert!(folder.file_to_write(&lost).is_err(), "durable bytes are missing");
}

#[test]
fn no_file_of_an_export_shows_what_it_holds_or_takes_the_place_of_another() {
    let (_home, folder) = folder();
    let job = job(0);
    folder.keep(&job).unwrap();
    let (mut file, _) = folder.file_to_write(&job).unwrap();
    file.write_all(b"ann@example.com").unwrap();
    file.finish().unwrap();
    let dir = folder.of(job.id);
    for name in [JOB, EVENTS] {
        let bytes = std::fs::read(dir.join(name)).unwrap();
        let shows = |text: &str| bytes.windows(text.len()).any(|found| found == text.as_bytes());
        assert!(!shows("kim") && !shows("ann@") && !shows("acme"), "{name}");
    }
    let other = ExportJob { id: ExportId::random(), ..job.clone() };
    folder.keep(&other).unwrap();
    std::fs::copy(dir.join(JOB), folder.of(other.id).join(JOB)).unwrap();
    assert!(folder.job(other.id).is_err());
    std::fs::copy(dir.join(JOB), dir.join(EVENTS)).unwrap();
    assert!(folder.file(job.id).is_err());
}

#[test]
fn exports_of_an_older_version_that_lie_in_the_clear_are_removed() {
    let (home, folder) = folder();
    folder.keep(&job(0)).unwrap();
    let old = home.path().join("exports").join("old");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join(PLAIN_JOB), b"{}").unwrap();
    std::fs::write(old.join("events.ndjson"), b"ann@example.com").unwrap();
    let folder = Folder::open(home.path().join("exports"), key()).unwrap();
    assert!(!old.exists());
    assert_eq!(folder.jobs().unwrap().len(), 1);
}

#[test]
fn jobs_that_cannot_be_read_do_not_hide_the_others() {
    let (home, folder) = folder();
    let good = job(0);
    folder.keep(&good).unwrap();
    let exports = home.path().join("exports");
    std::fs::create_dir(exports.join("empty")).unwrap();
    std::fs::create_dir(exports.join("damaged")).unwrap();
    std::fs::write(exports.join("damaged").join(JOB), b"{").unwrap();
    std::fs::create_dir(exports.join("newer")).unwrap();
    let mut newer = serde_json::to_value(&good).unwrap();
    newer["v"] = 2.into();
    let newer = newer.to_string();
    let newer = seal_whole(&key(), &sealed_name("newer", JOB), newer.as_bytes()).unwrap();
    std::fs::write(exports.join("newer").join(JOB), newer).unwrap();
    assert_eq!(folder.jobs().unwrap(), [good]);
}

#[test]
fn what_is_removed_is_gone_and_may_be_removed_again() {
    let (_home, folder) = folder();
    let job = job(0);
    folder.keep(&job).unwrap();
    drop(folder.file_to_write(&job).unwrap());
    folder.remove_file(&job).unwrap();
    folder.remove_file(&job).unwrap();
    assert_eq!(folder.jobs().unwrap(), std::slice::from_ref(&job));
    folder.remove(job.id).unwrap();
    folder.remove(job.id).unwrap();
    assert!(folder.jobs().unwrap().is_empty());
    assert!(folder.free_bytes().unwrap() > 0);
}

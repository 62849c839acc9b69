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
    let folder = Folder::open(home.path().join("exports")).unwrap();
    (home, folder)
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
    assert_eq!(mode(&folder.file_of(&job)), 0o600);
}

#[test]
fn writing_goes_on_behind_what_is_durable_and_no_further() {
    let (_home, folder) = folder();
    let begun = job(0);
    folder.keep(&begun).unwrap();
    folder.file_to_write(&begun).unwrap().write_all(b"durable, and half a li").unwrap();
    let kept = ExportJob { bytes: 9, ..begun.clone() };
    drop(folder.file_to_write(&kept).unwrap());
    assert_eq!(std::fs::read(folder.file_of(&begun)).unwrap(), b"durable, ");
    let lost = ExportJob { bytes: 10, ..begun };
    assert!(folder.file_to_write(&lost).is_err(), "durable bytes are missing");
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
    std::fs::write(exports.join("newer").join(JOB), newer.to_string()).unwrap();
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

use std::os::unix::fs::PermissionsExt;

use super::*;

fn open(dir: &Path) -> anyhow::Result<Files> {
    Files::open(&dir.join("state"), &dir.join("key"), None)
}

fn told<T>(result: anyhow::Result<T>) -> String {
    format!("{:#}", result.err().unwrap())
}

fn log_key(number: usize) -> String {
    let key = SigningKey::from_seed(&format!("log/{number}"), Algorithm::Note, &[1; 32]).unwrap();
    key.verifying_key().to_string()
}

#[test]
fn key_and_state_are_made_once_for_the_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let made = open(dir.path()).unwrap().key.verifying_key().clone();
    for file in ["state", "key", "state.lock"] {
        let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    assert_eq!(open(dir.path()).unwrap().key.verifying_key(), &made);
    assert!(made.name().starts_with("annals-witness/"));
}

#[test]
fn a_key_whose_state_is_gone_is_refused_and_so_is_one_that_others_may_read() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    fs::remove_file(dir.path().join("state")).unwrap();
    assert!(told(open(dir.path())).contains("must not cosign again"));
    fs::write(dir.path().join("state"), "").unwrap();
    open(dir.path()).unwrap();
    fs::set_permissions(dir.path().join("key"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(told(open(dir.path())).contains("chmod 600"));
}

#[test]
fn two_cannot_use_one_state_and_a_logs_key_cannot_cosign() {
    let dir = tempfile::tempdir().unwrap();
    let one = open(dir.path()).unwrap();
    assert!(told(open(dir.path())).contains("another witness"));
    drop(one);
    let log = SigningKey::from_seed("log.test", Algorithm::Note, &[1; 32]).unwrap();
    fs::write(dir.path().join("key"), log.to_secret_text()).unwrap();
    assert!(told(open(dir.path())).contains("a log's key"));
    let name = Files::open(&dir.path().join("s"), &dir.path().join("k"), Some("two words"));
    assert!(told(name).contains("two words"));
}

#[test]
fn logs_come_from_the_command_line_and_a_file_and_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("logs");
    let lines = |count: usize| (1..=count).map(|n| log_key(n) + "\n").collect::<String>();
    fs::write(&file, format!("# ours\n\n{}  # the old one\n{}", log_key(0), lines(2))).unwrap();
    let logs = watched(&[log_key(9)], Some(&file)).unwrap();
    assert_eq!(logs.keys().collect::<Vec<_>>(), ["log/0", "log/1", "log/2", "log/9"]);
    fs::write(&file, lines(LOGS_MAX)).unwrap();
    assert_eq!(watched(&[], Some(&file)).unwrap().len(), LOGS_MAX);
    assert!(told(watched(&[log_key(0)], Some(&file))).contains("more than 256"));
    fs::write(&file, "#".repeat(LOGS_FILE_BYTES_MAX as usize + 1)).unwrap();
    assert!(told(watched(&[], Some(&file))).contains("longer than"));
    let witness = SigningKey::from_seed("w", Algorithm::Cosignature, &[1; 32]).unwrap();
    assert!(
        told(watched(&[witness.verifying_key().to_string()], None)).contains("a witness's key")
    );
    assert!(told(watched(&[], None)).contains("no log is named"));
}

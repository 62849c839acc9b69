use super::super::{Format, OpenError};
use super::*;

const FORMAT: Format = Format {
    file: "test.db",
    application_id: 0x414e_4c54,
    version: 1,
    schema: "CREATE TABLE t (x TEXT) STRICT; CREATE INDEX t_x ON t (x);",
    upgrades: &[],
    page_size: 4096,
    durable: false,
    cache_kib: 1024,
    remedy: "throw it away",
};
const PERSONAL: &str = "ann.lee@example.com";

fn key() -> FileKey {
    FileKey::from_bytes([7; 32])
}

fn filled(dir: &Path) -> Connection {
    let connection = FORMAT.open_sealed(dir, &key()).unwrap();
    for number in 0..200 {
        let text = format!("{PERSONAL} {number:04}");
        connection.execute("INSERT INTO t VALUES (?1)", [text]).unwrap();
    }
    connection
}

fn contents(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut rows = connection.prepare("SELECT x FROM t NOT INDEXED ORDER BY rowid")?;
    rows.query_map([], |row| row.get(0))?.collect()
}

fn shows(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.windows(PERSONAL.len()).any(|found| found == PERSONAL.as_bytes())
}

#[test]
fn a_sealed_file_and_its_write_ahead_log_show_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FORMAT.file);
    let connection = filled(dir.path());
    assert!(std::fs::metadata(beside(&path, "-wal")).unwrap().len() > 4096);
    assert!(!shows(&beside(&path, "-wal")) && !shows(&path));
    drop(connection);
    assert!(std::fs::metadata(&path).unwrap().len() > 4096);
    assert!(!shows(&path));
    assert!(std::fs::read(&path).unwrap().starts_with(&key().id()));
    let reader = FORMAT.open_for_reading(dir.path(), Some(&key())).unwrap();
    assert_eq!(contents(&reader).unwrap().len(), 200);
}

#[test]
fn a_file_without_a_key_is_one_that_anybody_can_open() {
    let dir = tempfile::tempdir().unwrap();
    let connection = FORMAT.open(dir.path()).unwrap();
    connection.execute("INSERT INTO t VALUES (?1)", [PERSONAL]).unwrap();
    drop(connection);
    let path = dir.path().join(FORMAT.file);
    assert!(std::fs::read(&path).unwrap().starts_with(PLAIN));
    assert!(shows(&path));
}

#[test]
fn a_file_under_another_key_or_in_the_clear_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let other = FileKey::from_bytes([8; 32]);
    assert!(contents(&FORMAT.open_sealed(dir.path(), &other).unwrap()).unwrap().is_empty());

    let dir = tempfile::tempdir().unwrap();
    let plain = FORMAT.open(dir.path()).unwrap();
    plain.execute("INSERT INTO t VALUES (?1)", [PERSONAL]).unwrap();
    // Its write-ahead log is left as a kill would leave it.
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join(FORMAT.file);
    for ending in ["", "-wal"] {
        let from = beside(&dir.path().join(FORMAT.file), ending);
        std::fs::copy(from, beside(&path, ending)).unwrap();
    }
    assert!(shows(&path) || shows(&beside(&path, "-wal")));
    let fresh = FORMAT.open_sealed(copy.path(), &key()).unwrap();
    assert!(contents(&fresh).unwrap().is_empty());
    assert!(!shows(&path) && !shows(&beside(&path, "-wal")));
}

#[test]
fn the_wrong_key_reads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let other = FileKey::from_bytes([8; 32]);
    let reader = FORMAT.open_for_reading(dir.path(), Some(&other));
    assert!(reader.and_then(|reader| contents(&reader)).is_err());
    let without = FORMAT.open_for_reading(dir.path(), None);
    assert!(without.and_then(|reader| contents(&reader)).is_err());
}

#[test]
fn a_flipped_bit_is_an_error_and_never_other_data() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let whole = contents(&FORMAT.open_sealed(dir.path(), &key()).unwrap()).unwrap();
    let path = dir.path().join(FORMAT.file);
    let bytes = std::fs::read(&path).unwrap();
    let mut found = 0;
    // Behind the key's id; a change there makes it another file.
    for at in (16..bytes.len()).step_by(509) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        std::fs::write(&path, changed).unwrap();
        match FORMAT.open_sealed(dir.path(), &key()) {
            Err(OpenError::Damaged { .. }) => found += 1,
            Err(error) => panic!("{error:?}"),
            Ok(connection) => match contents(&connection) {
                Err(_) => found += 1,
                Ok(read) => assert_eq!(read, whole, "byte {at}"),
            },
        }
    }
    assert!(found > 5, "{found} of the changes were met");
}

#[test]
fn errors_do_not_show_the_key() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let mut bytes = std::fs::read(dir.path().join(FORMAT.file)).unwrap();
    bytes[100] ^= 1;
    std::fs::write(dir.path().join(FORMAT.file), bytes).unwrap();
    let error = FORMAT.open_sealed(dir.path(), &key()).unwrap_err();
    assert!(error.to_string().contains("throw it away"), "{error}");
    assert!(!format!("{error:?}").contains("0707"), "{error:?}");
}

use super::*;

const FORMAT: Format = Format {
    file: "test.db",
    application_id: 0x414e_4c54,
    version: 2,
    schema: "CREATE TABLE t (x INTEGER) STRICT;",
    upgrades: &[],
    page_size: 8192,
    durable: true,
    cache_kib: 1024,
    remedy: "throw it away",
};

fn open(dir: &Path) -> Result<Connection, OpenError> {
    FORMAT.open(dir)
}

#[test]
fn a_new_file_gets_its_schema_and_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().execute("INSERT INTO t VALUES (7)", []).unwrap();
    let connection = open(dir.path()).unwrap();
    let value: i64 = connection.query_row("SELECT x FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(value, 7);
    let pragma = |name: &str| -> i64 {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("page_size"), 8192);
    assert_eq!(pragma("synchronous"), 2, "FULL");
    assert_eq!(pragma("secure_delete"), 1);
    let mode: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[cfg(unix)]
#[test]
fn every_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let connection = open(dir.path()).unwrap();
    connection.execute("INSERT INTO t VALUES (7)", []).unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["test.db", "test.db-shm", "test.db-wal"]);
}

#[test]
fn a_file_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let theirs = Connection::open(dir.path().join("test.db")).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { application_id: 0, .. }), "{error}");
    theirs.pragma_update(None, "application_id", 99).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { application_id: 99, .. }), "{error}");
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 2, .. }), "{error}");
    assert!(error.to_string().contains("format 3"), "{error}");
}

#[test]
fn an_older_file_gets_the_changes_that_it_does_not_have_yet() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().execute("INSERT INTO t VALUES (7)", []).unwrap();
    let changes = ["ALTER TABLE t ADD COLUMN y INTEGER;", "UPDATE t SET y = x + 1;"];
    let newer = Format { version: 4, upgrades: Box::leak(Box::new(changes)), ..FORMAT };
    for _ in 0..2 {
        let connection = newer.open(dir.path()).unwrap();
        let sum: i64 = connection.query_row("SELECT x + y FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 15);
        let found: i32 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(found, 4);
    }
}

#[test]
fn a_file_that_is_no_database_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("test.db"), "certainly not a database ".repeat(100)).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("throw it away"), "{error}");
}

#[test]
fn an_empty_file_is_no_store_to_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("test.db"), "").unwrap();
    assert!(FORMAT.open_checked(dir.path()).is_err());
}

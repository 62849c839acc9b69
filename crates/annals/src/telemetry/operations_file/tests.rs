use std::os::unix::fs::PermissionsExt;

use super::*;

fn lines(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn lines_are_appended_for_the_owner_alone_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("operations/annals.log");
    for line in ["one\n", "two\n"] {
        let mut file = OperationsFile::new(path.clone(), 1000, 3);
        assert_eq!(file.write(line.as_bytes()).unwrap(), line.len());
    }
    assert_eq!(lines(&path), "one\ntwo\n");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_large_file_makes_way_and_their_number_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("annals.log");
    let mut file = OperationsFile::new(path.clone(), 10, 3);
    for line in ["first\n", "second\n", "third\n", "fourth, a long one\n", "fifth\n"] {
        file.write_all(line.as_bytes()).unwrap();
    }
    assert_eq!(lines(&path), "fifth\n");
    assert_eq!(lines(&dir.path().join("annals.log.1")), "fourth, a long one\n");
    assert_eq!(lines(&dir.path().join("annals.log.2")), "third\n");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn a_new_day_begins_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("annals.log");
    let mut file = OperationsFile::new(path.clone(), 1000, 3);
    file.write_all(b"today\n").unwrap();
    file.today = || today().tomorrow().unwrap();
    file.write_all(b"tomorrow\n").unwrap();
    assert_eq!(lines(&path), "tomorrow\n");
    assert_eq!(lines(&dir.path().join("annals.log.1")), "today\n");
    // Who was restarted in between sees it by the file's own time.
    let mut file = OperationsFile {
        today: || today().tomorrow().unwrap(),
        ..OperationsFile::new(path.clone(), 1000, 3)
    };
    file.write_all(b"later\n").unwrap();
    assert_eq!(lines(&path), "later\n");
}

#[test]
fn what_cannot_be_written_stops_nobody_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("operations/annals.log");
    std::fs::write(dir.path().join("operations"), "in the way").unwrap();
    let mut file = OperationsFile::new(path.clone(), 1000, 3);
    file.write_all(b"lost\n").unwrap();
    std::fs::remove_file(dir.path().join("operations")).unwrap();
    file.write_all(b"kept\n").unwrap();
    assert_eq!(lines(&path), "kept\n");
}

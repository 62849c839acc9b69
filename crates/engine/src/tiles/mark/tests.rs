use super::*;

fn marked(size: u64) -> Marked {
    Marked { size, root: Hash([size as u8; 32]) }
}

#[test]
fn a_mark_is_raised_from_what_it_is_and_kept_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tiles.mark");
    let mark = FileMark::new(path.clone());
    assert_eq!(mark.of("log/2026").unwrap(), None);
    assert!(!mark.raise("log/2026", Some(marked(1)), marked(2)).unwrap());
    assert!(mark.raise("log/2026", None, marked(2)).unwrap());
    assert!(!mark.raise("log/2026", None, marked(3)).unwrap());
    assert!(mark.raise("log/2027", None, marked(1)).unwrap());
    let reopened = FileMark::new(path);
    assert!(reopened.raise("log/2026", Some(marked(2)), marked(5)).unwrap());
    assert_eq!(reopened.of("log/2026").unwrap(), Some(marked(5)));
    assert_eq!(reopened.of("log/2027").unwrap(), Some(marked(1)));
}

#[test]
fn a_file_that_is_something_else_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tiles.mark");
    for wrong in ["log/2026 5", "log/2026 x AAAA", "log/2026 5 AAAA", " 5 AAAA", "\n"] {
        fs::write(&path, wrong).unwrap();
        let told = FileMark::new(path.clone()).of("log/2026").unwrap_err().to_string();
        assert!(told.contains("tiles.mark") && told.contains("line 1"), "{told}");
    }
}

#[test]
fn a_place_where_nothing_can_be_written_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mark = FileMark::new(dir.path().join("missing").join("tiles.mark"));
    let told = mark.raise("log/2026", None, marked(1)).unwrap_err().to_string();
    assert!(told.contains("missing") && told.contains("writing"), "{told}");
}

#[test]
fn a_file_larger_than_any_mark_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tiles.mark");
    let line = format!("log/2026 5 {}\n", Hash([0; 32]).to_base64());
    let mut text = line.repeat(BYTES_MAX as usize / line.len());
    text.push_str(&line[..BYTES_MAX as usize - text.len()]);
    fs::write(&path, &text).unwrap();
    let at_the_edge = FileMark::new(path.clone()).all().unwrap_err().to_string();
    assert!(at_the_edge.contains("is no mark"), "it was read: {at_the_edge}");
    fs::write(&path, text + "\n").unwrap();
    let beyond = FileMark::new(path).all().unwrap_err().to_string();
    assert!(beyond.contains("reading it"), "{beyond}");
}

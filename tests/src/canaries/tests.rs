use super::*;

fn planted(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deep").join("er.db");
    std::fs::create_dir(dir.path().join("deep")).unwrap();
    std::fs::write(&file, content).unwrap();
    (dir, file)
}

#[test]
fn every_form_is_found_wherever_it_begins() {
    let mut canaries = Canaries::default();
    let (name, address) = (canaries.word("actor.name"), canaries.address("client.ip"));
    for other in 0..2 {
        canaries.word(&format!("field {other}"));
    }
    let mut seen = 0;
    for (word, field) in [
        (name.as_bytes(), "actor.name"),
        (address.to_string().as_bytes(), "client.ip"),
        (&address.octets()[..], "client.ip (bytes)"),
    ] {
        for (form, bytes) in forms(word) {
            for before in [0, 3] {
                let (dir, file) = planted(&[&b"\xffzyx"[..before], &bytes, b"\x01\xfe"].concat());
                let found = canaries.found_in(dir.path());
                assert_eq!(found.len(), 1, "{field} as {form}: {found:?}");
                assert_eq!((&*found[0].field, &found[0].file), (field, &file), "{form}");
                assert_eq!(found[0].at, Some(before), "{field} as {form}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 3 * 16 * 2);
}

#[test]
fn what_others_make_of_a_word_is_found() {
    let mut canaries = Canaries::default();
    let word = canaries.word("x");
    for before in ["", "1", "12", "123"] {
        // By an implementation that is not ours.
        let base64 = data_encoding::BASE64.encode(format!("{before}{word}!").as_bytes());
        let (dir, _) = planted(base64.as_bytes());
        assert_eq!(canaries.found_in(dir.path())[0].form, "base64", "{base64}");
        let hex = data_encoding::HEXLOWER.encode(format!("{before}{word}").as_bytes());
        let (dir, _) = planted(hex.as_bytes());
        assert_eq!(canaries.found_in(dir.path())[0].form, "hexadecimal digits");
    }
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (dir, _) = planted(&wide);
    assert_eq!(canaries.found_in(dir.path()).len(), 1);
}

#[test]
fn a_name_of_a_file_is_looked_at_too() {
    let mut canaries = Canaries::default();
    let word = canaries.word("tenant");
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(&word)).unwrap();
    std::fs::write(dir.path().join(&word).join("a"), "").unwrap();
    let found = canaries.found_in(dir.path());
    assert_eq!((found.len(), found[0].at), (1, None));
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let mut canaries = Canaries::default();
    assert!(canaries.found_in(tempfile::tempdir().unwrap().path()).is_empty());
    canaries.word("a");
    let (dir, _) = planted(&vec![b'a'; 1 << 20]);
    canaries.expect_none_in(dir.path());
    let (dir, _) =
        planted(canaries.words[0].1.strip_suffix(b"0").unwrap_or(&canaries.words[0].1[1..]));
    canaries.expect_none_in(dir.path());
}

use std::fs::OpenOptions;
use std::io::{Cursor, Seek, SeekFrom};

use proptest::prelude::*;

use super::*;

const NAME: &str = "events";

fn key() -> FileKey {
    FileKey::from_bytes([7; 32])
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn is_refused(sealed: &[u8]) -> bool {
    match open_whole(&key(), NAME, sealed) {
        Err(error) => error.kind() == io::ErrorKind::InvalidData,
        Ok(_) => false,
    }
}

fn file() -> std::fs::File {
    tempfile::tempfile().unwrap()
}

#[test]
fn what_was_sealed_opens_at_every_length_around_a_frame() {
    for length in [0, 1, FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 1, 2 * FRAME_MAX] {
        let sealed = seal_whole(&key(), NAME, &bytes(length)).unwrap();
        assert_eq!(open_whole(&key(), NAME, &sealed).unwrap(), bytes(length), "{length}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let sealed = seal_whole(&key(), NAME, b"Ann Lee signed in").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&changed), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(is_refused(&sealed[..length]), "cut at {length}");
    }
}

#[test]
fn a_file_without_its_last_frame_or_with_frames_exchanged_does_not_open() {
    let sealed = seal_whole(&key(), NAME, &bytes(2 * FRAME_MAX + 5)).unwrap();
    let one = form::FRAME_OVERHEAD + FRAME_MAX;
    let (header, frames) = sealed.split_at(HEADER_LEN);
    assert!(is_refused(&sealed[..HEADER_LEN + 2 * one]), "its end is missing");
    let exchanged = [header, &frames[one..2 * one], &frames[..one], &frames[2 * one..]].concat();
    assert!(is_refused(&exchanged));
    let twice = [header, &frames[..one], frames].concat();
    assert!(is_refused(&twice));
    let longer = [&sealed[..], &frames[2 * one..]].concat();
    assert!(is_refused(&longer));
}

#[test]
fn another_key_another_name_and_another_file_do_not_open_it() {
    let sealed = seal_whole(&key(), NAME, b"x").unwrap();
    assert!(open_whole(&key(), "manifest", &sealed).is_err());
    let other = open_whole(&FileKey::from_bytes([8; 32]), NAME, &sealed).unwrap_err();
    assert!(other.to_string().contains("another master key"), "{other}");
    let foreign = seal_whole(&key(), NAME, b"x").unwrap();
    assert!(is_refused(&[&sealed[..HEADER_LEN], &foreign[HEADER_LEN..]].concat()));
}

#[test]
fn equal_contents_look_different_and_show_nothing() {
    let text = b"ann@example.com ".repeat(100);
    let sealed = seal_whole(&key(), NAME, &text).unwrap();
    assert_ne!(sealed, seal_whole(&key(), NAME, &text).unwrap());
    assert!(!sealed.windows(15).any(|found| found == b"ann@example.com"));
    assert!(!format!("{:?}", key()).contains('7'));
}

#[test]
fn writing_goes_on_behind_what_was_sealed_and_cuts_off_the_rest() {
    let file = file();
    let mut writer = SealedWriter::create(file.try_clone().unwrap(), &key(), NAME).unwrap();
    writer.write_all(b"durable, ").unwrap();
    writer.seal().unwrap();
    writer.write_all(b"and half a li").unwrap();
    writer.seal().unwrap();
    drop(writer);
    let again = file.try_clone().unwrap();
    let mut writer = SealedWriter::resume(again, &key(), NAME, 9).unwrap();
    let mut before = String::new();
    writer.sealed_so_far(&key(), NAME).unwrap().read_to_string(&mut before).unwrap();
    assert_eq!(before, "durable, ");
    writer.write_all(b"and whole").unwrap();
    let file = writer.finish().unwrap();
    let mut all = String::new();
    SealedReader::open(file, &key(), NAME).unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "durable, and whole");
}

#[test]
fn a_torn_end_does_not_hinder_going_on_but_missing_bytes_do() {
    let file = file();
    let mut writer = SealedWriter::create(file.try_clone().unwrap(), &key(), NAME).unwrap();
    writer.write_all(&bytes(1000)).unwrap();
    let length = writer.seal().unwrap().metadata().unwrap().len();
    writer.write_all(&bytes(1000)).unwrap();
    writer.seal().unwrap();
    file.set_len(length + 700).unwrap();
    for (durable, goes_on) in [(1000, true), (999, false), (1001, false), (2000, false)] {
        let again = file.try_clone().unwrap();
        let resumed = SealedWriter::resume(again, &key(), NAME, durable);
        assert_eq!(resumed.is_ok(), goes_on, "{durable}");
    }
}

#[test]
fn a_file_that_is_not_finished_does_not_open() {
    let mut writer = SealedWriter::create(file(), &key(), NAME).unwrap();
    writer.write_all(b"abc").unwrap();
    let file = writer.seal().unwrap().try_clone().unwrap();
    assert!(SealedReader::open(file, &key(), NAME).is_err());
}

#[test]
fn a_file_on_disk_is_read_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealed");
    let content = bytes(FRAME_MAX + 100);
    std::fs::write(&path, seal_whole(&key(), NAME, &content).unwrap()).unwrap();
    let file = OpenOptions::new().read(true).open(path).unwrap();
    let mut reader = SealedReader::open(file, &key(), NAME).unwrap();
    assert_eq!(reader.length(), content.len() as u64);
    for from in [0, 1, FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 99, FRAME_MAX + 100, FRAME_MAX + 200] {
        let mut rest = Vec::new();
        reader.go_to(from as u64);
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, content[from.min(content.len())..], "{from}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What an archive's writer does: it goes back and fills in what it knows only later.
    #[test]
    fn going_back_writes_what_a_plain_file_would_hold(
        steps in proptest::collection::vec((0_usize..700_000, 1_usize..300_000, any::<bool>()), 1..6),
    ) {
        let mut plain = Cursor::new(Vec::new());
        let mut sealed = SealedWriter::create(Cursor::new(Vec::new()), &key(), NAME).unwrap();
        for (back, length, is_sealed) in steps {
            let end = plain.get_ref().len();
            let place = SeekFrom::Start(end.saturating_sub(back) as u64);
            prop_assert_eq!(plain.seek(place).unwrap(), sealed.seek(place).unwrap());
            plain.write_all(&bytes(length)).unwrap();
            sealed.write_all(&bytes(length)).unwrap();
            if is_sealed {
                sealed.seal().unwrap();
            }
        }
        let whole = sealed.finish().unwrap().into_inner();
        prop_assert_eq!(open_whole(&key(), NAME, &whole).unwrap(), plain.into_inner());
    }
}

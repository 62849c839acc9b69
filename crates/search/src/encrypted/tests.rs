//! A sealed file gives back what was written, in any part of it, and nothing else ever.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tantivy::directory::{AntiCallToken, FileHandle, OwnedBytes, TerminatingWrite};

use super::form::{BLOCK, HEADER_LEN, Layout, sealed_len};
use super::*;
use crate::damage::Damage;

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Memory {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        Ok(())
    }
}

fn key() -> IndexKey {
    IndexKey::from_bytes([1; 32])
}

fn plain(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 + n / 251) as u8).collect()
}

/// Written in pieces of that length.
fn sealed(name: &str, plain: &[u8], piece: usize) -> Vec<u8> {
    let memory = Memory::default();
    let mut writer = SealingWriter::new(Box::new(memory.clone()), &key(), Path::new(name)).unwrap();
    plain.chunks(piece).for_each(|piece| writer.write_all(piece).unwrap());
    writer.terminate().unwrap();
    Arc::into_inner(memory.0).unwrap().into_inner().unwrap()
}

fn opened(name: &str, sealed: Vec<u8>, damage: &Arc<Damage>) -> io::Result<SealedFile> {
    let cache = Arc::new(BlockCache::new(1 << 20));
    let path = PathBuf::from("/index").join(name);
    SealedFile::new(&key(), path, OwnedBytes::new(sealed), cache, Arc::clone(damage))
}

/// The whole file, or that it was refused; with what was noted.
fn read(name: &str, sealed: Vec<u8>) -> (io::Result<Vec<u8>>, bool) {
    let damage = Arc::<Damage>::default();
    let read = opened(name, sealed, &damage)
        .and_then(|file| file.read_bytes(0..tantivy::HasLen::len(&file)))
        .map(|bytes| bytes.to_vec());
    (read, damage.is_there())
}

const LENGTHS: [usize; 9] =
    [0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7, 20 * BLOCK - 3];

#[test]
fn what_was_written_in_any_pieces_is_read_in_any_parts() {
    for length in LENGTHS {
        let plain = plain(length);
        for piece in [1000, BLOCK, 5 * BLOCK + 1] {
            let sealed = sealed("a.idx", &plain, piece);
            assert_eq!(sealed.len(), sealed_len(length));
            let file = opened("a.idx", sealed, &Arc::default()).unwrap();
            assert_eq!(tantivy::HasLen::len(&file), length);
            let ends = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, length / 2, length];
            for start in ends {
                for end in ends.into_iter().filter(|end| start <= *end && *end <= length) {
                    // Twice, as the second time something is kept.
                    for _ in 0..2 {
                        let part = file.read_bytes(start..end).unwrap();
                        assert_eq!(part.as_slice(), &plain[start..end], "{start}..{end}");
                    }
                }
            }
            assert!(file.read_bytes(0..length + 1).is_err());
        }
    }
}

#[test]
fn what_readers_hold_is_opened_once_for_all_of_them_and_counted_until_they_let_go() {
    let plain = plain(10 * BLOCK);
    let cache = Arc::new(BlockCache::new(1 << 20));
    let sealed = OwnedBytes::new(sealed("a.fast", &plain, BLOCK));
    let path = PathBuf::from("/index/a.fast");
    let file = SealedFile::new(&key(), path, sealed, Arc::clone(&cache), Arc::default()).unwrap();
    let one = file.read_bytes(100..9 * BLOCK).unwrap();
    let other = file.read_bytes(100..9 * BLOCK).unwrap();
    assert_eq!(one.as_slice(), &plain[100..9 * BLOCK]);
    assert_eq!(one.as_slice().as_ptr(), other.as_slice().as_ptr());
    assert_eq!(cache.held_bytes(), (9 * BLOCK - 100) as u64);
    drop(one);
    assert_eq!(cache.held_bytes(), (9 * BLOCK - 100) as u64);
    drop(other);
    assert_eq!(cache.held_bytes(), 0);
    assert_eq!(file.read_bytes(100..9 * BLOCK).unwrap().as_slice(), &plain[100..9 * BLOCK]);
}

#[test]
fn small_files_are_sealed_in_one_piece() {
    for length in LENGTHS {
        let plain = plain(length);
        let name = Path::new("meta.json");
        let sealed = seal_whole(&key(), name, &plain).unwrap();
        assert_eq!(sealed.len(), sealed_len(length));
        assert_eq!(open_whole(&key(), name, &sealed), Some(plain));
        assert_eq!(open_whole(&key(), Path::new("other.json"), &sealed), None);
        assert_eq!(open_whole(&IndexKey::from_bytes([2; 32]), name, &sealed), None);
        assert_eq!(open_whole(&key(), name, &sealed[..sealed.len() - 1]), None);
    }
}

#[test]
fn any_changed_byte_is_found() {
    let sealed = sealed("a.idx", &plain(2 * BLOCK + 50), 777);
    let places =
        (0..HEADER_LEN + 40).chain((0..sealed.len()).step_by(97)).chain([sealed.len() - 1]);
    for at in places {
        let mut changed = sealed.clone();
        changed[at] ^= 0x20;
        let (read, is_noted) = read("a.idx", changed);
        assert!(read.is_err() && is_noted, "byte {at}");
    }
}

#[test]
fn blocks_cannot_be_left_out_swapped_repeated_or_cut_off() {
    let sealed = sealed("a.idx", &plain(4 * BLOCK), BLOCK);
    let layout = Layout::of(sealed.len()).unwrap();
    let header = &sealed[..HEADER_LEN];
    let block = |number: usize| &sealed[layout.sealed_block(number)];
    let of = |numbers: &[usize]| {
        let blocks = numbers.iter().map(|number| block(*number));
        [header].into_iter().chain(blocks).collect::<Vec<_>>().concat()
    };
    assert!(read("a.idx", of(&[0, 1, 2, 3])).0.is_ok());
    let others: [&[usize]; 7] =
        [&[0, 1, 2], &[0], &[1, 2, 3], &[1, 0, 2, 3], &[0, 1, 3], &[0, 1, 2, 3, 3], &[3]];
    for other in others {
        let (read, is_noted) = read("a.idx", of(other));
        assert!(read.is_err() && is_noted, "{other:?}");
    }
    for length in [0, 10, HEADER_LEN, HEADER_LEN + 5, sealed.len() - 1, sealed.len() - 20] {
        assert!(read("a.idx", sealed[..length].to_vec()).0.is_err(), "{length}");
    }
}

#[test]
fn a_file_opens_under_its_own_name_and_key_alone() {
    let bytes = sealed("a.idx", &plain(100), 10);
    assert!(read("a.idx", bytes.clone()).0.is_ok());
    assert!(read("b.idx", bytes.clone()).0.is_err());
    assert!(open_whole(&IndexKey::from_bytes([2; 32]), Path::new("a.idx"), &bytes).is_none());
    assert_ne!(bytes, sealed("a.idx", &plain(100), 10), "no two files share a key");
    assert_eq!(format!("{:?}", key()), "IndexKey(hidden)");
}

#[test]
fn a_form_is_told_by_the_first_bytes() {
    let bytes = sealed("a.idx", b"x", 1);
    assert_eq!(Form::of(&bytes), Form::Sealed(key().id()));
    assert_eq!(Form::of(b"{\"segments\": []}"), Form::Plain);
    assert_eq!(Form::of(b""), Form::Plain);
    let mut newer = bytes;
    newer[8] = 2;
    assert_eq!(Form::of(&newer), Form::Unknown);
}

mod cache {
    use super::super::cache::{BlockCache, Key};
    use super::*;

    fn place(file: u64, number: usize) -> Key {
        Key { file, start: number * BLOCK, end: (number + 1) * BLOCK }
    }

    fn block() -> OwnedBytes {
        OwnedBytes::new(vec![0; BLOCK])
    }

    #[test]
    fn what_was_asked_for_twice_outlives_what_is_read_once() {
        let cache = BlockCache::new(100 * BLOCK);
        for number in 0..8 {
            cache.insert(place(1, number), block());
            assert!(cache.get(place(1, number)).is_some());
        }
        for number in 0..10_000 {
            cache.insert(place(2, number), block());
            assert!(cache.bytes() <= 100 * BLOCK);
        }
        for number in 0..8 {
            assert!(cache.get(place(1, number)).is_some(), "{number}");
        }
        assert!(cache.get(place(2, 0)).is_none());
        assert!(cache.get(place(2, 9_999)).is_some());
    }

    #[test]
    fn a_closed_file_is_forgotten() {
        let cache = BlockCache::new(100 * BLOCK);
        for number in 0..20 {
            cache.insert(place(number as u64 % 2, number), block());
            cache.get(place(number as u64 % 2, number));
        }
        let before = cache.bytes();
        cache.forget(0);
        assert_eq!(cache.bytes(), before / 2);
        cache.forget(1);
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn one_part_does_not_take_the_room_of_many() {
        let cache = BlockCache::new(8 * 40 * BLOCK);
        assert!(cache.takes(BLOCK));
        assert!(cache.takes(9 * BLOCK));
        assert!(!cache.takes(11 * BLOCK));
    }
}

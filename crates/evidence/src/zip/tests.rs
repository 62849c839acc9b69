//! The archive has one form alone, within its limit.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use super::*;
use crate::limits::{ARCHIVE_LEN_MAX, LINE_LEN_MAX, SMALL_FILE_LEN_MAX};
use crate::problem::Problem;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut zip = ZipWriter::new(&mut bytes).unwrap();
    for (name, content) in files {
        zip.file(name, content).unwrap();
    }
    zip.finish().unwrap();
    bytes.into_inner()
}

fn opened(bytes: &[u8]) -> Result<Archive<Cursor<&[u8]>>, Problem> {
    Archive::open(Cursor::new(bytes)).map_err(|error| match error {
        ReadError::Problem(problem) => problem,
        ReadError::Io(error) => panic!("{error}"),
    })
}

fn lines_of(content: &[u8]) -> (Vec<Vec<u8>>, Result<(), Problem>) {
    let bytes = archive(&[("lines", content)]);
    let mut archive = opened(&bytes).unwrap();
    let file = archive.files()[0].clone();
    let mut seen = Vec::new();
    let read = archive.lines(&file, &mut |number, line| {
        seen.push(line.to_vec());
        assert_eq!(number, seen.len() as u64);
        true
    });
    let read = read.map(|_| ()).map_err(|error| match error {
        ReadError::Problem(problem) => problem,
        ReadError::Io(error) => panic!("{error}"),
    });
    (seen, read)
}

#[test]
fn what_is_written_is_read_again() {
    let bytes = archive(&[("a", b"first"), ("b/c", b""), ("d", b"third")]);
    let mut archive = opened(&bytes).unwrap();
    let files = archive.files().to_vec();
    let contents = files.iter().map(|file| archive.small(file).ok().unwrap().0);
    assert_eq!(contents.collect::<Vec<_>>(), [b"first".to_vec(), Vec::new(), b"third".to_vec()]);
    assert_eq!(files.iter().map(|file| &file.name).collect::<Vec<_>>(), ["a", "b/c", "d"]);
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let bytes = archive(&[("a", b"hi")]);
    let common: Vec<u8> = [
        [10, 0, 0, 0, 0, 0, 0, 0, 33, 0, 0xac, 0x2a, 0x93].as_slice(),
        &[0xd8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0],
    ]
    .concat();
    let expected: [&[u8]; 7] = [
        b"PK\x03\x04",
        &common,
        b"ahi",
        b"PK\x01\x02\x0a\x03",
        &common,
        b"\0\0\0\0\0\0\0\0\xa4\x81\0\0\0\0a",
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x21\0\0\0\0\0",
    ];
    assert_eq!(bytes, expected.concat());
}

#[test]
fn an_archive_may_begin_anywhere_in_what_is_written_to() {
    let mut bytes = Cursor::new(b"before".to_vec());
    bytes.seek(SeekFrom::End(0)).unwrap();
    let mut zip = ZipWriter::new(&mut bytes).unwrap();
    zip.file("a", b"content").unwrap();
    zip.finish().unwrap();
    assert_eq!(bytes.into_inner()[6..], archive(&[("a", b"content")]));
}

#[test]
fn every_changed_byte_is_found() {
    let bytes = archive(&[("a", b"first"), ("b/c", b""), ("d", b"third")]);
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let found = opened(&changed).and_then(|mut archive| {
                let files = archive.files().to_vec();
                let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
                if names != ["a", "b/c", "d"] {
                    return Err(Problem::Checksum);
                }
                files.iter().try_for_each(|file| match archive.small(file) {
                    Err(ReadError::Problem(problem)) => Err(problem),
                    _ => Ok(()),
                })
            });
            assert!(found.is_err(), "byte {place}, bit {bit}");
        }
    }
}

#[test]
fn an_archive_that_is_cut_off_or_goes_on_is_refused() {
    let bytes = archive(&[("a", b"first"), ("b", b"second")]);
    for length in 0..bytes.len() {
        assert!(opened(&bytes[..length]).is_err(), "cut off at {length}");
        assert!(opened(&bytes[length..]).is_err() || length == 0, "begins at {length}");
    }
    assert!(opened(&[&bytes, [0].as_slice()].concat()).is_err());
    assert!(opened(&[[0].as_slice(), &bytes].concat()).is_err());
}

#[test]
fn an_archive_at_its_limit_is_written_and_one_byte_more_is_not() {
    let exact = archive(&[("a", &[7; 100])]);
    let limit = u64::try_from(exact.len()).unwrap();
    let write = |length| {
        let mut zip = ZipWriter::with_limit(Cursor::new(Vec::new()), limit).unwrap();
        zip.file("a", &vec![7; length])
            .map(|_| zip.finish().map(|(out, _)| out.into_inner()).unwrap())
    };
    assert_eq!(write(100).unwrap(), exact);
    let error = write(101).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert!(error.to_string().contains("at most 4294967295 bytes"));
}

/// Says that it is as long as is wanted, and holds zeros.
struct Zeros {
    length: u64,
    place: u64,
}

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        Ok(buffer.len())
    }
}

impl Seek for Zeros {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.place = match to {
            SeekFrom::Start(place) => place,
            SeekFrom::End(_) => self.length,
            SeekFrom::Current(_) => self.place,
        };
        Ok(self.place)
    }
}

#[test]
fn an_archive_above_the_limit_is_not_read() {
    let problem = |length| match Archive::open(Zeros { length, place: 0 }) {
        Err(ReadError::Problem(problem)) => problem,
        _ => panic!("zeros are no archive"),
    };
    assert!(matches!(problem(ARCHIVE_LEN_MAX), Problem::Archive(_)));
    let length = ARCHIVE_LEN_MAX + 1;
    assert_eq!(problem(length), Problem::FileTooLong { length });
}

#[test]
fn a_small_file_is_read_up_to_its_limit() {
    for (length, right) in [(SMALL_FILE_LEN_MAX, true), (SMALL_FILE_LEN_MAX + 1, false)] {
        let bytes = archive(&[("a", &vec![b' '; length])]);
        let mut archive = opened(&bytes).unwrap();
        let file = archive.files()[0].clone();
        assert_eq!(archive.small(&file).is_ok(), right);
    }
}

#[test]
fn lines_are_read_up_to_their_limit() {
    assert_eq!(lines_of(b""), (vec![], Ok(())));
    assert_eq!(lines_of(b"a\n\nb\n"), (vec![b"a".to_vec(), vec![], b"b".to_vec()], Ok(())));
    assert_eq!(lines_of(b"a\nb").1, Err(Problem::LineNotEnded));
    for (length, right) in
        [(LINE_LEN_MAX, Ok(())), (LINE_LEN_MAX + 1, Err(Problem::LineTooLong { line: 2 }))]
    {
        let mut content = b"first\n".to_vec();
        content.resize(content.len() + length, b'x');
        content.push(b'\n');
        let (lines, read) = lines_of(&content);
        assert_eq!(read, right);
        assert_eq!(lines[0], b"first");
        assert_eq!(lines.len() == 2, right.is_ok());
    }
}

#[test]
fn what_cannot_be_written_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Seek for Full {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
    let mut zip = ZipWriter::new(Full).unwrap();
    assert_eq!(zip.file("a", b"content").unwrap_err().kind(), io::ErrorKind::StorageFull);
}

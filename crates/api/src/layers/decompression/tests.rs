use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use http::HeaderValue;

use super::*;

const MIB: usize = 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// Unpacks into a room and tells how much memory the room took.
fn unpacked(encoding: Encoding, compressed: &[u8], most: usize) -> (Result<(), Refusal>, usize) {
    let mut room = Room { bytes: Vec::new(), most };
    let outcome = unpack_into(&mut room, encoding, compressed);
    assert!(room.bytes.len() <= most);
    (outcome, room.bytes.capacity())
}

fn refused(encoding: Encoding, compressed: &[u8], most: usize) -> &'static str {
    let (outcome, memory) = unpacked(encoding, compressed, most);
    assert!(memory <= most, "{memory} bytes were taken for at most {most}");
    outcome.unwrap_err().word()
}

#[test]
fn what_was_packed_comes_out_in_one_part_or_in_many() {
    let text: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 251).to_string().into_bytes()).collect();
    let half = text.len() / 2;
    for (encoding, pack) in
        [(Encoding::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Encoding::Zstd, zstd_of)]
    {
        let whole = pack(&text);
        assert_eq!(unpack_within(encoding, &whole, text.len()).unwrap(), text);
        let parts = [pack(&text[..half]), pack(b""), pack(&text[half..])].concat();
        assert_eq!(unpack_within(encoding, &parts, text.len()).unwrap(), text);
        assert_eq!(refused(encoding, &whole, text.len() - 1), "too_large");
        assert_eq!(refused(encoding, &parts, text.len() - 1), "too_large");
    }
}

#[test]
fn what_is_cut_off_or_followed_by_something_else_is_refused_at_every_length() {
    for (encoding, packed) in
        [(Encoding::Gzip, gzip(b"an event")), (Encoding::Zstd, zstd_of(b"an event"))]
    {
        for end in 0..packed.len() {
            assert_eq!(refused(encoding, &packed[..end], 100), "broken", "{encoding:?} {end}");
        }
        for tail in [&b"x"[..], b"\0", b"{\"type\":\"a.b\"}", &packed[..packed.len() - 1]] {
            let followed = [&packed[..], tail].concat();
            assert_eq!(refused(encoding, &followed, 100), "broken", "{encoding:?} {tail:?}");
        }
        let mut damaged = packed.clone();
        let last = damaged.len() - 1;
        // Its checksum or length, of which a zstd frame of the plain kind has none.
        damaged[last] ^= 1;
        if encoding == Encoding::Gzip {
            assert_eq!(refused(encoding, &damaged, 100), "broken");
        }
        assert_eq!(refused(encoding, b"{\"type\":\"a.b\"}", 100), "broken");
    }
    assert_eq!(refused(Encoding::Gzip, &zstd_of(b"a"), 100), "broken");
    assert_eq!(refused(Encoding::Zstd, &gzip(b"a"), 100), "broken");
}

#[test]
fn a_bomb_of_gzip_is_refused_in_the_room_of_its_limit() {
    // Ten megabytes for ten gigabytes: in members, and in one member by blocks that stand alone.
    let member = gzip(&vec![0; 64 * MIB]);
    let members = member.repeat(160);
    assert!(members.len() > 10_000_000);
    assert_eq!(refused(Encoding::Gzip, &members, 64 * MIB), "too_large");
    let mut block = DeflateEncoder::new(Vec::new(), Compression::best());
    block.write_all(&vec![0; MIB]).unwrap();
    block.flush().unwrap();
    let block = block.get_ref().clone();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let one = [&header[..], &block.repeat(10_000)].concat();
    assert_eq!(refused(Encoding::Gzip, &one, 64 * MIB), "too_large");
}

#[test]
fn a_bomb_of_zstd_is_refused_in_the_room_of_its_limit() {
    let frame = zstd_of(&vec![0; 64 * MIB]);
    assert!(frame.len() < 10_000);
    assert_eq!(refused(Encoding::Zstd, &frame.repeat(160), 64 * MIB), "too_large");
    assert_eq!(refused(Encoding::Zstd, &frame, MIB), "too_large");
}

#[test]
fn a_zstd_frame_that_asks_for_a_large_window_or_tells_a_false_size_is_refused() {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    // One raw block of a byte, the last.
    const BLOCK: [u8; 4] = [0b0000_1001, 0, 0, b'a'];
    // The exponent stands in the upper five bits, and counts from 10.
    let window = |log: u8| [&MAGIC[..], &[0, (log - 10) << 3], &BLOCK].concat();
    assert_eq!(unpack_within(Encoding::Zstd, &window(23), 100).unwrap(), b"a");
    for log in [24, 27, 31, 41] {
        assert_eq!(refused(Encoding::Zstd, &window(log), 100), "broken", "{log}");
    }
    // Eight bytes of size: with a window of its own, and as a single segment, which is its window.
    let sized = |size: u64| [&MAGIC[..], &[0xc0, 0], &size.to_le_bytes(), &BLOCK].concat();
    let segment = |size: u64| [&MAGIC[..], &[0xe0], &size.to_le_bytes(), &BLOCK].concat();
    assert_eq!(unpack_within(Encoding::Zstd, &sized(1), 100).unwrap(), b"a");
    assert_eq!(unpack_within(Encoding::Zstd, &segment(1), 100).unwrap(), b"a");
    for size in [0, 2, 1 << 20, 10 << 30, u64::MAX - 2] {
        assert_eq!(refused(Encoding::Zstd, &sized(size), 100), "broken", "{size}");
        assert_eq!(refused(Encoding::Zstd, &segment(size), 100), "broken", "{size}");
    }
}

#[test]
fn parts_that_hold_nothing_are_counted() {
    for (encoding, empty) in [(Encoding::Gzip, gzip(b"")), (Encoding::Zstd, zstd_of(b""))] {
        assert!(unpacked(encoding, &empty.repeat(PARTS_MAX), 100).0.is_ok());
        assert_eq!(refused(encoding, &empty.repeat(PARTS_MAX + 1), 100), "too_many_parts");
    }
    // Frames that are to be skipped.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    assert_ne!(refused(Encoding::Zstd, &skipped.repeat(100_000), 100), "too_large");
}

#[test]
fn a_body_grows_by_a_hundred_times_or_to_64_kib_but_never_over_the_limit() {
    for (compressed, bytes_max, most) in [
        (0, 1000, 1000),
        (1, 1 << 20, 65_536),
        (655, 1 << 20, 65_536),
        (656, 1 << 20, 65_600),
        (1 << 20, 1 << 20, 1 << 20),
        (usize::MAX, 64 * MIB, 64 * MIB),
    ] {
        assert_eq!(unpacked_max(compressed, bytes_max), most, "{compressed} {bytes_max}");
    }
}

#[test]
fn the_headers_tell_at_most_one_encoding_that_is_known() {
    let of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
        }
        Encoding::of(&headers).map_err(|error| error.code.status().as_u16())
    };
    for none in [&[][..], &[""], &["identity"], &["identity, identity"], &[" , "]] {
        assert_eq!(of(none), Ok(None), "{none:?}");
    }
    for gzip in [&["gzip"][..], &["GZIP"], &["x-gzip"], &["identity, gzip"], &["identity", "gzip"]]
    {
        assert_eq!(of(gzip), Ok(Some(Encoding::Gzip)), "{gzip:?}");
    }
    assert_eq!(of(&["zstd"]), Ok(Some(Encoding::Zstd)));
    for bad in [
        &["br"][..],
        &["deflate"],
        &["compress"],
        &["gzip, gzip"],
        &["gzip", "zstd"],
        &["zstd, gzip"],
        &["gzip;q=1"],
        &["gzip zstd"],
        &["*"],
        &["aws-chunked"],
    ] {
        assert_eq!(of(bad), Err(415), "{bad:?}");
    }
}

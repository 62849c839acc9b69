//! Bundles are read back exactly, or not at all.

use proptest::prelude::*;

use super::*;
use crate::testing::cases;

#[test]
fn too_many_none_and_too_long_are_refused() {
    assert_eq!(encode_bundle::<&[u8]>(&[]), Err(BundleError::Count { count: 0 }));
    assert_eq!(encode_bundle(&vec![b"a"; 257]), Err(BundleError::Count { count: 257 }));
    let longest = vec![7; ENTRY_LEN_MAX];
    let bundle = encode_bundle(std::slice::from_ref(&longest)).unwrap();
    assert_eq!(decode_bundle(&bundle, 1).unwrap(), [&longest]);
    let length = ENTRY_LEN_MAX + 1;
    let refused = encode_bundle(&[vec![7; length]]);
    assert_eq!(refused, Err(BundleError::EntryTooLong { length }));
}

#[test]
fn a_bundle_ends_where_its_last_entry_ends() {
    let bundle = encode_bundle(&[b"one".as_slice(), b"", b"three"]).unwrap();
    assert_eq!(bundle, b"\0\x03one\0\0\0\x05three");
    assert_eq!(decode_bundle(&bundle, 3).unwrap(), [b"one".as_slice(), b"", b"three"]);
    assert_eq!(decode_bundle(&bundle, 2), Err(BundleError::Trailing { length: 7 }));
    assert_eq!(decode_bundle(&bundle, 4), Err(BundleError::Truncated { position: 3 }));
    let cut = &bundle[..bundle.len() - 1];
    assert_eq!(decode_bundle(cut, 3), Err(BundleError::Truncated { position: 2 }));
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn entries_come_back(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..=256)
    ) {
        let width = u16::try_from(entries.len()).unwrap();
        let bundle = encode_bundle(&entries).unwrap();
        prop_assert_eq!(decode_bundle(&bundle, width).unwrap(), entries);
    }

    #[test]
    fn random_bytes_are_refused_or_come_back(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), width in 0u16..=300
    ) {
        let read = decode_bundle(&bytes, width);
        if let (Ok(entries), 1..=256) = (read, width) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }
}

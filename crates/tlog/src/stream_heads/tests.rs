//! Rows of streams are proven, and a changed row is not.

use super::*;

fn rows(count: u64) -> Vec<HeadRow> {
    let row = |n: u64| HeadRow {
        stream: format!("person-t.{n:04}"),
        last_revision: n * 3,
        entry: Entry::of_header(&n.to_be_bytes()),
    };
    (0..count).map(row).collect()
}

#[test]
fn every_row_is_proven_and_no_other() {
    for count in [1, 2, 3, 7, 64, 65] {
        let heads = StreamHeads::from_rows(rows(count)).unwrap();
        let head = heads.head();
        assert_eq!(head.size, count);
        for (index, row) in (0..).zip(rows(count)) {
            let proof = heads.proof(index).unwrap();
            verify_head(&row, &proof, &head).unwrap();
            let cut = HeadRow { last_revision: row.last_revision + 1, ..row.clone() };
            assert!(verify_head(&cut, &proof, &head).is_err());
            let renamed = HeadRow { stream: format!("{}x", row.stream), ..row };
            assert!(verify_head(&renamed, &proof, &head).is_err());
        }
        assert_eq!(heads.proof(count), None);
    }
    assert_eq!(StreamHeads::from_rows([]).unwrap().head().root, root_of(&[]));
}

#[test]
fn rows_must_be_sorted_and_different() {
    let mut swapped = rows(3);
    swapped.swap(0, 1);
    assert!(StreamHeads::from_rows(swapped).is_err());
    let twice = [rows(1), rows(1)].concat();
    let error = StreamHeads::from_rows(twice).unwrap_err();
    assert_eq!(error.stream, "person-t.0000");
}

#[test]
fn a_row_is_read_back_from_its_bytes() {
    let row = &rows(2)[1];
    let bytes = row.to_bytes();
    assert_eq!(bytes.len(), row.stream.len() + 8 + 33);
    assert!(bytes.starts_with(b"person-t.0001\0\0\0\0\0\0\0\x03\x01"));
    assert_eq!(HeadRow::parse(&bytes).as_ref(), Some(row));
    assert_eq!(HeadRow::parse(&bytes[bytes.len() - 40..]), None);
    assert_eq!(HeadRow::parse(&[&[0xff], bytes.as_slice()].concat()), None);
}

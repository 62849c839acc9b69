use super::*;

use annals_ports::LogEntry;
use annals_ports::contract::record;
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use uuid::Uuid;

fn row(number: u64) -> PieceRow {
    let record = record("acme", "s", number.into(), &format!("sealed {number}"));
    let stored_bytes = record.encode().len() as u32;
    let entry = LogEntry { position: Position(number), revision: Revision(number - 1), record };
    PieceRow::of_entry(entry, stored_bytes)
}

fn removed(number: u64, by: Option<u128>) -> PieceRow {
    let by = by.map(|by| EventId(Uuid::from_u128(by)));
    PieceRow { content: Content::Removed { by }, ..row(number) }
}

fn piece(rows: &[PieceRow]) -> Bytes {
    let mut writer = PieceWriter::begin(Vec::new()).unwrap();
    for row in rows {
        writer.put(row.clone()).unwrap();
    }
    writer.finish().unwrap().0.into()
}

fn read(piece: Bytes) -> Vec<PieceRow> {
    PieceReader::open(piece).unwrap().flat_map(Result::unwrap).collect()
}

#[test]
fn what_was_put_into_a_piece_is_read_from_it() {
    let mut no_groups = row(4);
    let mut two_groups = row(5);
    let Content::Kept { groups, .. } = &mut no_groups.content else { unreachable!() };
    groups.clear();
    let Content::Kept { groups, .. } = &mut two_groups.content else { unreachable!() };
    groups.push(SealedGroup { key: annals_record::KeyId([9; 20]), ciphertext: vec![0, 255] });
    groups.push(SealedGroup { key: annals_record::KeyId([1; 20]), ciphertext: Vec::new() });
    let unknown = PieceRow { leaf: None, ..removed(7, None) };
    let rows = vec![row(1), removed(3, Some(77)), no_groups, two_groups, row(6), unknown];
    assert_eq!(read(piece(&rows)), rows);
}

#[test]
fn a_piece_without_records_is_one() {
    let piece = piece(&[]);
    assert_eq!(PieceReader::open(piece.clone()).unwrap().records(), 0);
    assert_eq!(read(piece), []);
}

#[test]
fn a_full_group_is_written_and_one_row_more_begins_the_next() {
    for (rows, groups) in [(GROUP_ROWS_MAX, 1), (GROUP_ROWS_MAX + 1, 2)] {
        let rows: Vec<_> = (1..=rows as u64).map(|number| removed(number, Some(5))).collect();
        let piece = piece(&rows);
        let file = SerializedFileReader::new(piece.clone()).unwrap();
        assert_eq!(file.num_row_groups(), groups);
        assert_eq!(read(piece), rows);
    }
}

#[test]
fn large_records_fill_a_group_before_there_are_many() {
    let large = |number| {
        let mut row = row(number);
        let Content::Kept { groups, .. } = &mut row.content else { unreachable!() };
        groups[0].ciphertext = vec![number as u8; GROUP_BYTES_MAX / 2];
        row
    };
    let rows = [large(1), large(2), large(3)];
    let piece = piece(&rows);
    assert_eq!(SerializedFileReader::new(piece.clone()).unwrap().num_row_groups(), 2);
    assert_eq!(read(piece), rows);
}

#[test]
fn what_was_written_is_told() {
    let mut writer = PieceWriter::begin(Vec::new()).unwrap();
    assert_eq!(writer.written(), Written::default());
    writer.put(row(4)).unwrap();
    writer.put(row(9)).unwrap();
    let written = writer.finish().unwrap().1;
    let bytes = (row(4).weight() + row(9).weight()) as u64;
    let (first, last) = (Position(4), Position(9));
    assert_eq!(written, Written { first, last, records: 2, removed: 0, bytes });
}

#[test]
fn records_out_of_order_are_refused() {
    let mut writer = PieceWriter::begin(Vec::new()).unwrap();
    writer.put(row(4)).unwrap();
    for position in [4, 3] {
        let error = writer.put(row(position)).unwrap_err();
        assert!(matches!(error, PieceError::OutOfOrder { .. }), "{error}");
    }
}

#[test]
fn another_parquet_file_is_not_a_piece() {
    use parquet::schema::parser::parse_message_type;
    let schema = parse_message_type("message record { REQUIRED INT64 position; }").unwrap();
    let file = parquet::file::writer::SerializedFileWriter::new(
        Vec::new(),
        schema.into(),
        Default::default(),
    );
    let bytes = file.unwrap().into_inner().unwrap();
    assert!(matches!(PieceReader::open(bytes.into()), Err(PieceError::NotAPiece(_))));
    assert!(matches!(PieceReader::open(Bytes::new()), Err(PieceError::Parquet { .. })));
}

#[test]
fn a_piece_that_was_cut_off_is_no_piece() {
    let whole = piece(&[row(1), row(2)]);
    for length in 0..whole.len() {
        assert!(PieceReader::open(whole.slice(..length)).is_err(), "{length} bytes");
    }
}

#[test]
fn a_row_becomes_the_record_that_it_was_made_of() {
    let record = record("acme", "s", 3, "x");
    let entry = LogEntry { position: Position(3), revision: Revision(0), record };
    let row = PieceRow::of_entry(entry.clone(), 100);
    assert_eq!(row.into_entry().unwrap(), Some(entry));
    assert_eq!(removed(4, Some(1)).into_entry().unwrap(), None);
}

#[test]
fn a_row_that_contradicts_its_header_is_no_record() {
    let other = [
        ("leaf", PieceRow { leaf: None, ..row(1) }),
        ("leaf", PieceRow { leaf: Some([0; 32]), ..row(1) }),
        ("id", PieceRow { id: row(2).id, ..row(1) }),
        ("tenant", PieceRow { tenant: TenantId::new("other").unwrap(), ..row(1) }),
        ("stream", PieceRow { stream: StreamName::from_stored("person-acme.t"), ..row(1) }),
    ];
    for (column, row) in other {
        let error = row.into_entry().unwrap_err();
        assert!(matches!(error, RowError::Differs { what, .. } if what == column), "{error}");
    }
    let content = Content::Kept { header: b"{}".to_vec(), groups: Vec::new() };
    let error = PieceRow { content, ..row(1) }.into_entry().unwrap_err();
    assert!(matches!(error, RowError::Header { .. }), "{error}");
}

//! Documents read back by readers that others wrote.

use std::io::Write as _;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::RowAccessor;
use annals_domain::Event;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn event(n: usize, name: &str) -> Event {
    serde_json::from_value(json!({
        "id": uuid::Uuid::from_u128(n as u128 + 1), "type": "invoice.paid", "schema_version": 1,
        "tenant": "acme", "source": "shop", "occurred_at": "2026-11-21T09:30:00.123456+09:00",
        "received_at": "2026-11-21T00:30:01Z", "operation": "update", "severity": "info",
        "outcome": { "status": "success" },
        "actor": { "type": "user", "id": "ann", "name": name, "roles": ["clerk"] },
        "session": { "mfa": n.is_multiple_of(2) },
        "metadata": { "n": n, "note": name },
    }))
    .unwrap()
}

/// Lays out the events in pieces of so many, as threads would, and puts them into one document.
fn written(events: &[Event], layout: Layout, piece_rows: usize) -> Vec<u8> {
    let mut document = Document::begin(Vec::new(), layout).unwrap();
    for events in events.chunks(piece_rows.max(1)) {
        document.put(piece(events, layout)).unwrap();
        document.put(Piece::new(layout)).unwrap();
    }
    assert_eq!(document.rows(), events.len() as u64);
    document.finish().unwrap()
}

fn piece(events: &[Event], layout: Layout) -> Piece {
    let mut piece = Piece::new(layout);
    for event in events {
        let json = |out: &mut Vec<u8>| serde_json::to_writer(out, event);
        piece
            .add(&Row {
                event,
                sentence: "Ann paid an invoice",
                stream: "person-acme.x",
                revision: 7,
                position: "AgAB",
                erased: &[],
                json: &json,
            })
            .unwrap();
    }
    piece
}

fn as_json(events: &[Event]) -> Vec<Value> {
    events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lines_and_arrays_hold_every_event_whatever_the_pieces(
        names in prop::collection::vec(any::<String>(), 0..20), piece_rows in 1usize..8,
    ) {
        let events: Vec<Event> = names.iter().enumerate().map(|(n, name)| event(n, name)).collect();
        let lines = String::from_utf8(written(&events, Format::Ndjson.into(), piece_rows)).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&lines, &as_json(&events));
        let array = written(&events, Format::Json.into(), piece_rows);
        let array: Vec<Value> = serde_json::from_slice(&array).unwrap();
        prop_assert_eq!(&array, &as_json(&events));
    }

    #[test]
    fn tables_have_a_row_for_every_event_and_a_cell_for_every_column(
        names in prop::collection::vec(any::<String>(), 0..20), piece_rows in 1usize..8,
        bom in any::<bool>(),
    ) {
        let events: Vec<Event> = names.iter().enumerate().map(|(n, name)| event(n, name)).collect();
        let table = written(&events, Layout { format: Format::Csv, bom }, piece_rows);
        let table = table.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&table);
        let mut reader = ::csv::Reader::from_reader(table);
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        prop_assert_eq!(header, column_names().collect::<Vec<_>>());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), events.len());
        for (row, event) in rows.iter().zip(&events) {
            prop_assert_eq!(&row[1], event.id.to_string());
        }
    }
}

#[test]
fn a_byte_order_mark_comes_first_if_asked_for() {
    let with = written(&[], Layout { format: Format::Csv, bom: true }, 1);
    let without = written(&[], Layout { format: Format::Csv, bom: false }, 1);
    assert_eq!(with.strip_prefix("\u{feff}".as_bytes()).unwrap(), without);
    assert!(without.ends_with(b"\r\n"));
}

#[test]
fn columns_are_read_back_as_they_were() {
    let names = ["=1+1", "Zoë\u{202e}\n", ""];
    let events: Vec<Event> = names.iter().enumerate().map(|(n, name)| event(n, name)).collect();
    let file = written(&events, Format::Parquet.into(), 2);
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr();
    let mut columns: Vec<&str> = column_names().collect();
    columns.push("json");
    assert_eq!(schema.columns().iter().map(|column| column.name()).collect::<Vec<_>>(), columns);
    let place = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for ((row, event), name) in rows.iter().zip(&events).zip(names) {
        assert_eq!(row.get_string(place("actor_name")).unwrap(), name);
        let occurred = row.get_timestamp_micros(place("occurred_at")).unwrap();
        assert_eq!(occurred, event.occurred_at.timestamp.as_microsecond());
        assert_eq!(row.get_long(place("revision")).unwrap(), 7);
        assert!(row.get_string(place("subject_id")).is_err(), "it is absent");
        let mfa = event.session.as_ref().unwrap().mfa.unwrap();
        assert_eq!(row.get_bool(place("session_mfa")).unwrap(), mfa);
        let whole: Value = serde_json::from_str(row.get_string(place("json")).unwrap()).unwrap();
        assert_eq!(whole, serde_json::to_value(event).unwrap());
    }
}

#[test]
fn row_groups_are_bounded_and_nothing_waits_in_memory_behind_them() {
    let large = "x".repeat(100_000);
    let events: Vec<Event> = (0..20).map(|n| event(n, &large)).collect();
    let layout = Format::Parquet.into();
    let mut document = Document::begin(Vec::new(), layout).unwrap();
    let mut groups = 0;
    for _ in 0..20 {
        document.put(piece(&events, layout)).unwrap();
        groups += usize::from(document.out().len() > 100 * (groups + 1));
    }
    let file = document.finish().unwrap();
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let rows: Vec<i64> = reader.metadata().row_groups().iter().map(|g| g.num_rows()).collect();
    assert_eq!(rows.iter().sum::<i64>(), 400);
    // An event has its large name as a cell, in its metadata, and twice in its JSON: 400 KB.
    assert!(rows.iter().all(|rows| *rows <= 100), "{rows:?}");
    assert!(groups >= 3, "groups are written as they fill: {rows:?}");
}

#[test]
fn a_document_goes_on_where_it_was_cut_off() {
    let events: Vec<Event> = (0..10).map(|n| event(n, "Ann")).collect();
    for format in [Format::Ndjson, Format::Json, Format::Csv] {
        let layout = Layout { format, bom: true };
        let whole = written(&events, layout, 3);
        let mut document = Document::begin(Vec::new(), layout).unwrap();
        document.put(piece(&events[..4], layout)).unwrap();
        let begun = std::mem::take(document.out());
        let mut document = Document::resume(begun, layout, 4).unwrap();
        document.put(piece(&events[4..], layout)).unwrap();
        assert_eq!(document.finish().unwrap(), whole, "{format:?}");
    }
    assert!(Document::resume(Vec::new(), Format::Parquet.into(), 4).is_none());
}

#[test]
fn a_piece_of_another_form_is_refused() {
    let mut document = Document::begin(Vec::new(), Format::Ndjson.into()).unwrap();
    let piece = Piece::new(Format::Csv.into());
    assert!(matches!(document.put(piece), Err(WriteError::OtherForm)));
}

#[test]
fn what_is_written_is_counted_and_hashed_also_across_a_break() {
    let mut whole = Measured::new(Vec::new());
    whole.write_all(b"abc").unwrap();
    assert_eq!(whole.bytes(), 3);
    assert_eq!(
        hex(&whole.sha256()),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let mut resumed = Measured::new(Vec::new());
    resumed.take_in(b"ab".as_slice()).unwrap();
    resumed.write_all(b"c").unwrap();
    assert_eq!((resumed.bytes(), resumed.sha256()), (3, whole.sha256()));
    assert_eq!(resumed.inner(), b"c");
}

#[test]
fn every_format_has_a_word() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(*format));
    }
    assert_eq!("xml".parse::<Format>(), Err(UnknownFormat));
}

#[test]
fn the_documentation_lists_every_column() {
    let text = include_str!("../../../docs/exporting.md");
    let (_, list) = text.split_once("<!-- columns -->").unwrap();
    let (list, _) = list.split_once("<!-- /columns -->").unwrap();
    let told: Vec<&str> = list.split_whitespace().map(|name| name.trim_matches('`')).collect();
    assert_eq!(told, column_names().collect::<Vec<_>>());
}

use std::io::BufReader;

use super::*;

/// Reads with a buffer of every small size, so that pieces break at every place.
fn texts(file: &str, container: Option<&str>) -> Vec<(u64, String)> {
    let mut read: Option<Vec<(u64, String)>> = None;
    for capacity in 1..12 {
        let reader = BufReader::with_capacity(capacity, file.as_bytes());
        let lines = Lines::open(reader, container).unwrap();
        let texts = lines
            .map(|line| line.unwrap())
            .map(|line| (line.number, line.text.unwrap().trim().to_owned()))
            .collect();
        assert!(read.is_none_or(|read| read == texts), "buffer of {capacity} bytes");
        read = Some(texts);
    }
    read.unwrap()
}

fn numbered(texts: &[(u64, &str)]) -> Vec<(u64, String)> {
    texts.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
}

#[test]
fn lines_are_numbered_and_blank_ones_left_out() {
    assert_eq!(
        texts("{\"a\":1}\r\n\n  \n{\"b\":2}", None),
        numbered(&[(1, "{\"a\":1}"), (4, "{\"b\":2}")])
    );
    assert_eq!(texts("", None), []);
    assert_eq!(texts("\n \n", Some("Records")), []);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    assert_eq!(texts("\u{feff}{\"a\":1}\n", None), numbered(&[(1, "{\"a\":1}")]));
    assert_eq!(texts("\u{feff}[{\"a\":1}]", None), numbered(&[(1, "{\"a\":1}")]));
}

#[test]
fn an_array_is_cut_into_its_elements() {
    let file = r#" [ {"a": "x,]\"}{"}, {"b": [1, [2]], "c": {}} , 7 ] "#;
    assert_eq!(
        texts(file, None),
        numbered(&[(1, r#"{"a": "x,]\"}{"}"#), (2, r#"{"b": [1, [2]], "c": {}}"#), (3, "7")])
    );
    assert_eq!(texts("[]", None), []);
}

#[test]
fn an_array_that_breaks_off_ends_in_a_broken_element() {
    assert_eq!(texts(r#"[{"a":1},{"b":"#, None), numbered(&[(1, r#"{"a":1}"#), (2, r#"{"b":"#)]));
}

#[test]
fn the_array_inside_of_a_container_is_found() {
    let elements = numbered(&[(1, "{\"a\":1}"), (2, "{\"b\":2}")]);
    for file in [
        r#"{"Records":[{"a":1},{"b":2}]}"#,
        "{\n  \"Records\" : [\n {\"a\":1},\n {\"b\":2}\n ]\n}\n",
        r#"{"kind":"li\"st","version":1,"done":false,"Records":[{"a":1},{"b":2}],"next":[3]}"#,
    ] {
        assert_eq!(texts(file, Some("Records")), elements, "{file}");
    }
}

#[test]
fn an_event_is_not_taken_for_a_container() {
    for line in [
        r#"{"a":{"Records":[1]}}"#,
        r#"{"a":1}"#,
        r#"{}"#,
        r#"{"Records":"none"}"#,
        r#"{"items":[1]}"#,
        r#"not json"#,
    ] {
        assert_eq!(texts(line, Some("Records")), numbered(&[(1, line)]), "{line}");
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_is_read() {
    let file = format!("{}\n{{}}\n", "x".repeat(LINE_BYTES_MAX + 1));
    let lines: Vec<Line> = Lines::open(BufReader::new(file.as_bytes()), None)
        .unwrap()
        .map(|line| line.unwrap())
        .collect();
    let refused = lines[0].text.as_ref().unwrap_err();
    assert_eq!(refused.reason, "is longer than 1048576 bytes");
    assert_eq!(refused.beginning.len(), 64 * 1024);
    assert_eq!(lines[1].text.as_deref(), Ok("{}"));
    assert_eq!(lines[1].bytes_read, file.len() as u64);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut lines = Lines::open(BufReader::new(&b"{\"a\":\"\xff\"}\n"[..]), None).unwrap();
    let refused = lines.next().unwrap().unwrap().text.unwrap_err();
    assert_eq!(refused.reason, "is not UTF-8: convert the file first");
    assert!(refused.beginning.contains('\u{fffd}'));
}

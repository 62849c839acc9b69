//! One text for each value.

use serde_json::json;

use super::*;

#[test]
fn values_are_written_as_rfc_8785_demands() {
    let value = json!({"b": [1, -2, true, false, null], "a": {"": "x"}, "\u{e9}": "\u{20ac}$\u{f}\nA'B\"\\"});
    let text = "{\"a\":{\"\":\"x\"},\"b\":[1,-2,true,false,null],\"\u{e9}\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\"}";
    assert_eq!(String::from_utf8(to_canonical(&value).unwrap()).unwrap(), text);
    assert_eq!(from_canonical(text.as_bytes()), Ok(value));
}

#[test]
fn names_are_sorted_by_utf_16_code_units() {
    // The example of RFC 8785, section 3.2.3.
    let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    let text = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(to_canonical(&value).unwrap(), text.as_bytes());
}

#[test]
fn another_text_for_the_same_value_is_refused() {
    for text in [
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a": 1}"#,
        "[1 ]",
        r#""\u0041""#,
        r#""\/""#,
        "[-0]",
        "[01]",
        "[1]\n",
        "[1.0]",
        "[1e3]",
        "\u{feff}[]",
    ] {
        assert!(from_canonical(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn numbers_are_whole_and_no_larger_than_every_reader_knows() {
    for (text, right) in [
        ("9007199254740991", true),
        ("9007199254740992", false),
        ("-9007199254740991", true),
        ("-9007199254740992", false),
        ("18446744073709551615", false),
        ("0.5", false),
    ] {
        assert_eq!(from_canonical(text.as_bytes()).is_ok(), right, "{text}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(from_canonical(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(from_canonical(nested(DEPTH_MAX + 1).as_bytes()), Err(Problem::TooDeep));
    assert_eq!(from_canonical(nested(100_000).as_bytes()), Err(Problem::NotJson));
}

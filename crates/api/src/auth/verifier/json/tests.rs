use serde_json::Value;

use super::unambiguous;

#[test]
fn json_without_doubles_is_read() {
    for text in [r#"{"a":1,"b":{"a":[{"a":null},{"a":-1.5e3}]},"":""}"#, "[]", "true", r#""x""#] {
        let read: Value = unambiguous(text.as_bytes()).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
    }
}

#[test]
fn a_name_that_stands_twice_in_one_object_is_refused_however_deep_or_written() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"b":{"a":1,"a":2}}"#,
        r#"[[{"a":1,"a":2}]]"#,
        r#"{"a":1,"\u0061":2}"#,
    ] {
        assert!(unambiguous::<Value>(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_follows_the_value_or_nests_without_end_is_refused() {
    assert!(unambiguous::<Value>(br#"{"a":1}{"a":2}"#).is_err());
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    assert!(unambiguous::<Value>(deep.as_bytes()).is_err());
}

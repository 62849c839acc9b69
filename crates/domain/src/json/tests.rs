use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[test]
fn nesting_is_allowed_up_to_the_limit_and_not_one_beyond() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(check_depth(nested(32).as_bytes(), 32).is_ok());
    let error = check_depth(nested(33).as_bytes(), 32).unwrap_err();
    assert_eq!(error.code, ErrorCode::TooLarge);
    assert!(check_depth(br#"{"a":[{"b":[]}]}"#, 4).is_ok());
    assert!(check_depth(br#"{"a":[{"b":[]}]}"#, 3).is_err());
}

#[test]
fn values_are_counted_outside_of_strings() {
    assert_eq!(count_values(b"1"), 1);
    assert_eq!(count_values(br#"[1,2,[3]]"#), 5);
    assert_eq!(count_values(br#"{"a,[{":"\\\",[","b":"\\"}"#), 3);
}

#[test]
fn siblings_do_not_add_up() {
    assert!(check_depth("[[],[],[],{},{}]".as_bytes(), 2).is_ok());
}

#[test]
fn brackets_inside_strings_do_not_nest() {
    assert!(check_depth(br#"["[[[[{{{{", "\"[[[[", "\\"]"#, 1).is_ok());
    // Behind a string that ends in an escaped backslash the brackets count again.
    assert!(check_depth(br#"["\\", [[1]]]"#, 2).is_err());
}

#[test]
fn a_million_brackets_are_refused_without_recursion() {
    assert!(check_depth("[".repeat(1_000_000).as_bytes(), 32).is_err());
    assert!(check_depth("]".repeat(1_000_000).as_bytes(), 32).is_ok());
}

#[derive(Debug, Deserialize)]
struct Object(#[serde(deserialize_with = "object_without_repeated_keys")] JsonObject);

#[derive(Debug, Deserialize)]
struct Texts(#[serde(deserialize_with = "texts_without_repeated_keys")] BTreeMap<String, String>);

#[test]
fn a_key_named_twice_is_refused_at_every_level() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#] {
        let error = serde_json::from_str::<Object>(text).unwrap_err();
        assert!(error.to_string().contains("names a key twice"), "{text}");
    }
    assert!(serde_json::from_str::<Texts>(r#"{"a":"1","a":"1"}"#).is_err());
    assert_eq!(serde_json::from_str::<Texts>(r#"{"a":"1","b":"2"}"#).unwrap().0.len(), 2);
}

proptest! {
    #[test]
    fn any_bytes_are_counted_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = check_depth(&bytes, 3);
    }

    #[test]
    fn reading_gives_what_the_plain_reader_gives(numbers in proptest::collection::vec(any::<f64>(), 0..4), text in ".{0,8}") {
        let numbers: Vec<f64> = numbers.into_iter().filter(|n| n.is_finite()).collect();
        let json = serde_json::json!({"n": numbers, "i": [u64::MAX, i64::MIN], "t": text, "x": null}).to_string();
        let plain: JsonObject = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::from_str::<Object>(&json).unwrap().0, plain);
    }
}

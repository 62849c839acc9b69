use serde_json::json;

use super::*;

fn id(object: Value, vendor_id: Option<&str>) -> Uuid {
    derive("okta", vendor_id, &ContentDigest::of(object.as_object().unwrap()), 0)
}

#[test]
fn the_same_content_gives_the_same_id_whatever_its_order() {
    let one: Value = serde_json::from_str(r#"{"a":1,"b":[{"c":2,"d":3}]}"#).unwrap();
    let other: Value = serde_json::from_str(r#"{ "b": [{"d":3, "c":2}], "a": 1 }"#).unwrap();
    assert_eq!(id(one, Some("1")), id(other, Some("1")));
}

#[test]
fn a_repeated_vendor_id_with_other_content_gives_another_id() {
    assert_ne!(id(json!({"a": 1}), Some("1")), id(json!({"a": 2}), Some("1")));
    assert_ne!(id(json!({"a": 1}), Some("1")), id(json!({"a": 1}), Some("2")));
    assert_ne!(id(json!({"a": "1"}), None), id(json!({"a": 1}), None));
    assert_ne!(id(json!({"a": [[1], 2]}), None), id(json!({"a": [1, [2]]}), None));
    let large = |number: u64| json!({"a": number});
    assert_ne!(id(large(9_007_199_254_740_992), None), id(large(9_007_199_254_740_993), None));
}

#[test]
fn ids_never_change_between_versions() {
    assert_eq!(id(json!({"a": 1}), Some("1")).to_string(), "b16fe4cc-4ab1-54b7-a4b3-c1ebbe3bfe5d");
}

use annals_domain::limits::Limits;
use serde_json::json;

use super::*;

fn fitted(value: Value) -> Value {
    let mut metadata = value.as_object().unwrap().clone();
    fit_metadata(&mut metadata, &Limits::shipped().event);
    Value::Object(metadata)
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("deep"), |inner, _| json!({ "a": inner }))
}

#[test]
fn what_fits_stays_as_it_is() {
    let value = json!({"a": {"b": [1, {"c": null}]}, "text": "two\nlines"});
    assert_eq!(fitted(value.clone()), value);
    assert_eq!(fitted(nested(16)), nested(16));
}

#[test]
fn what_is_too_deep_becomes_its_json_text() {
    let deep = fitted(nested(18));
    let mut level = &deep;
    for _ in 0..16 {
        level = &level["a"];
    }
    assert_eq!(level, &json!(r#"{"a":{"a":"deep"}}"#));
}

#[test]
fn too_many_keys_fold_the_largest_object_first() {
    let many: JsonObject = (0..300).map(|i| (format!("k{i}"), json!(i))).collect();
    let fitted = fitted(json!({"small": {"a": 1}, "large": many}));
    assert_eq!(fitted["small"], json!({"a": 1}));
    let text = fitted["large"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<JsonObject>(text).unwrap(), many);
}

#[test]
fn too_many_fields_go_to_the_remainder() {
    let many: JsonObject = (0..300).map(|i| (format!("k{i:03}"), json!(i))).collect();
    let fitted = fitted(Value::Object(many));
    assert_eq!(fitted.as_object().unwrap().len(), 256);
    let rest: JsonObject = serde_json::from_str(fitted[REMAINDER].as_str().unwrap()).unwrap();
    assert_eq!(rest.len(), 45);
    assert_eq!(rest["k299"], json!(299));
}

#[test]
fn keys_that_cannot_be_are_kept_as_text() {
    let fitted = fitted(json!({"": 1, "ok": {"\u{1b}[31m": 2}, "remainder": "mine"}));
    assert_eq!(fitted["remainder"], json!("mine"));
    assert_eq!(fitted["remainder_"], json!(r#"{"":1}"#));
    assert_eq!(fitted["ok"], json!("{\"\\u001b[31m\":2}"));
}

#[test]
fn control_characters_become_visible() {
    let mut value = json!({"a": ["x\u{1b}[2Jy", "two\nlines", "z\u{0}\u{85}"]});
    escape_controls(&mut value, Breaks::Kept);
    assert_eq!(value, json!({"a": ["x\\u001b[2Jy", "two\nlines", "z\\u0000\\u0085"]}));
    escape_controls(&mut value, Breaks::Escaped);
    assert_eq!(value["a"][1], json!("two\\u000alines"));
}

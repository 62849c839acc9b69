use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

fn listed(before: Value, after: Value) -> Vec<(String, ChangeOperation, Value, Value)> {
    let changes = changes_between(&before, &after, 100);
    changes.into_iter().map(|c| (c.path, c.op, c.before, c.after)).collect()
}

#[test]
fn objects_are_compared_key_by_key() {
    let before = json!({"name": "Ann", "role": "clerk", "address": {"city": "Oslo", "zip": "1"}});
    let after = json!({"name": "Ann", "address": {"city": "Bergen", "zip": "1"}, "age": 4});
    assert_eq!(
        listed(before, after),
        [
            ("/address/city".into(), ChangeOperation::Replace, json!("Oslo"), json!("Bergen")),
            ("/role".into(), ChangeOperation::Remove, json!("clerk"), Value::Null),
            ("/age".into(), ChangeOperation::Add, Value::Null, json!(4)),
        ]
    );
}

#[test]
fn lists_are_compared_as_a_whole() {
    assert_eq!(
        listed(json!({"tags": [1, 2]}), json!({"tags": [2, 1]})),
        [("/tags".into(), ChangeOperation::Replace, json!([1, 2]), json!([2, 1]))]
    );
}

#[test]
fn creating_an_object_adds_each_of_its_values() {
    let paths: Vec<_> = listed(Value::Null, json!({"a": {"b": 1}, "c": 2}));
    let paths: Vec<_> = paths.into_iter().map(|(path, op, ..)| (path, op)).collect();
    let add = ChangeOperation::Add;
    assert_eq!(paths, [("/a/b".to_owned(), add), ("/c".to_owned(), add)]);
}

#[test]
fn keys_are_escaped_as_in_a_json_pointer() {
    let changes = listed(json!({"a/b~c": 1}), json!({"a/b~c": 2}));
    assert_eq!(changes[0].0, "/a~1b~0c");
}

#[test]
fn equal_values_have_no_changes_and_the_list_is_bounded() {
    assert!(listed(json!({"a": [1]}), json!({"a": [1]})).is_empty());
    let many: Map<String, Value> = (0..50).map(|i| (format!("k{i}"), json!(i))).collect();
    assert_eq!(changes_between(&json!({}), &Value::Object(many), 7).len(), 7);
}

/// Applies changes as somebody reading the log would.
fn apply(value: &mut Value, change: &Change) {
    let unescaped = |key: &str| key.replace("~1", "/").replace("~0", "~");
    let keys: Vec<String> = change.path.split('/').skip(1).map(unescaped).collect();
    let mut place = value;
    for key in keys {
        if !place.is_object() {
            *place = json!({});
        }
        place = place.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
    }
    *place = change.after.clone();
}

/// Leaves out what counts as nothing: `null`, and objects without a value.
fn pruned(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let values = object.iter().map(|(key, value)| (key.clone(), pruned(value)));
    Value::Object(values.filter(|(_, value)| !value.is_null() && *value != json!({})).collect())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..5i64).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
        proptest::collection::vec(0..3i64, 0..3).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| any_object(inner).boxed())
}

fn any_object(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let objects = proptest::collection::btree_map("[ab/~]{0,2}", values, 0..4);
    objects.prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn applying_the_changes_to_before_gives_after(
        before in any_object(any_value()),
        after in any_object(any_value()),
    ) {
        let mut value = before.clone();
        for change in changes_between(&before, &after, usize::MAX) {
            apply(&mut value, &change);
        }
        prop_assert_eq!(pruned(&value), pruned(&after));
    }

    #[test]
    fn each_change_tells_what_was_before(
        before in any_object(any_value()),
        after in any_object(any_value()),
    ) {
        for change in changes_between(&before, &after, usize::MAX) {
            let was = before.pointer(&change.path).unwrap_or(&Value::Null);
            prop_assert_eq!(was, &change.before);
            prop_assert_ne!(&change.before, &change.after);
        }
    }
}

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::samples::samples_of;
use crate::examples::{catalogue, event};

fn object(value: Value) -> JsonObject {
    value.as_object().unwrap().clone()
}

fn after(step: Value, metadata: Value) -> Value {
    let step: Step = serde_json::from_value(step).unwrap();
    let mut metadata = object(metadata);
    step.apply(&mut metadata);
    Value::Object(metadata)
}

#[test]
fn each_step_does_what_its_name_says_and_leaves_the_rest() {
    let rename = json!({"rename": {"from": "ip", "to": "client_ip"}});
    let default = json!({"default": {"key": "method", "value": "password"}});
    let map = json!({"map": {"key": "status", "values": {"ok": "success", "1": 1}}});
    let every = json!({"map": {"key": "s", "values": {"ok": "success"}, "otherwise": "other"}});
    let cases = [
        (&rename, json!({"ip": 1, "x": 2}), json!({"client_ip": 1, "x": 2})),
        (&rename, json!({"ip": 1, "client_ip": 2}), json!({"ip": 1, "client_ip": 2})),
        (&rename, json!({}), json!({})),
        (&default, json!({}), json!({"method": "password"})),
        (&default, json!({"method": null}), json!({"method": null})),
        (&json!({"remove": "x"}), json!({"x": 1, "y": 2}), json!({"y": 2})),
        (&map, json!({"status": "ok"}), json!({"status": "success"})),
        (&map, json!({"status": "1"}), json!({"status": 1})),
        (&map, json!({"status": "ko"}), json!({"status": "ko"})),
        (&map, json!({"status": ["ok"]}), json!({"status": ["ok"]})),
        (&every, json!({"s": "ko"}), json!({"s": "other"})),
        (&every, json!({"s": 5}), json!({"s": 5})),
        (&json!({"to_string": "n"}), json!({"n": 1.5}), json!({"n": "1.5"})),
        (&json!({"to_string": "n"}), json!({"n": true}), json!({"n": "true"})),
        (&json!({"to_string": "n"}), json!({"n": null}), json!({"n": null})),
        (&json!({"to_number": "n"}), json!({"n": "-12"}), json!({"n": -12})),
        (&json!({"to_number": "n"}), json!({"n": "12a"}), json!({"n": "12a"})),
        (&json!({"to_number": "n"}), json!({"n": "1e999"}), json!({"n": "1e999"})),
    ];
    for (step, before, expected) in cases {
        assert_eq!(after(step.clone(), before.clone()), expected, "{step} on {before}");
    }
}

#[test]
fn an_older_event_is_shown_in_the_newest_shape_and_says_how_it_is_stored() {
    let old = event(json!({
        "type": "user.password.changed", "schema_version": 1, "user_id": "u",
        "metadata": {"how": "own", "attempts": "3", "more": [1]}
    }));
    let stored = Arc::new(old);
    let (shown, version) = catalogue().upcasters().newest_form(Arc::clone(&stored));
    assert_eq!((shown.schema_version, version), (2, Some(1)));
    assert_eq!(
        Value::Object(shown.metadata.clone()),
        json!({"method": "self", "attempts": 3, "more": [1]})
    );
    assert_eq!(stored.schema_version, 1, "what was read is not touched");
    assert!(stored.metadata.contains_key("how"));
}

#[test]
fn what_needs_no_steps_is_not_even_copied() {
    let newest = json!({
        "type": "user.password.changed", "user_id": "u", "metadata": {"method": "self"}
    });
    for json in [newest, json!({"type": "invoice.viewed"}), json!({"type": "a.b"})] {
        let stored = Arc::new(event(json));
        let (shown, version) = catalogue().upcasters().newest_form(Arc::clone(&stored));
        assert!(Arc::ptr_eq(&stored, &shown));
        assert_eq!(version, None);
    }
    assert!(!catalogue().upcasters().is_empty());
}

#[test]
fn every_version_between_takes_its_own_steps_only() {
    let catalogue = three_versions("");
    let shown = |version: u32| {
        let mut event = event(json!({"type": "order.placed", "metadata": {"a": 1}}));
        event.schema_version = version;
        let (event, stored) = catalogue.upcasters().newest_form(Arc::new(event));
        (Value::Object(event.metadata.clone()), event.schema_version, stored)
    };
    assert_eq!(shown(1), (json!({"c": 1, "one": true, "two": true}), 3, Some(1)));
    assert_eq!(shown(2), (json!({"a": 1, "two": true}), 3, Some(2)));
    assert_eq!(shown(3), (json!({"a": 1}), 3, None));
    assert_eq!(shown(4), (json!({"a": 1}), 4, None), "a newer Annals wrote it");
    assert_eq!(shown(0), (json!({"a": 1}), 0, None));
}

fn text_of(more: &str, earlier: &str) -> String {
    format!(
        "family = \"shop\"\ntitle = \"Shop\"\n[[type]]\nname = \"order.placed\"\nversion = 3\n\
         title = \"Order placed\"\ndescription = \"An order.\"\noperation = \"create\"\n\
         severity = \"info\"\nsentence = \"{{actor}} ordered\"\n{more}\n{earlier}"
    )
}

const TWO: &str = r#"
[[type.earlier]]
version = 1
steps = [
    { rename = { from = "a", to = "b" } },
    { default = { key = "one", value = true } },
]

[[type.earlier]]
version = 2
steps = [
    { rename = { from = "b", to = "c" } },
    { default = { key = "two", value = true } },
]
"#;

fn three_versions(more: &str) -> Catalogue {
    let text = text_of(more, TWO);
    Catalogue::read([("shop.toml", &*text)]).unwrap()
}

#[test]
fn a_chain_with_a_gap_or_a_step_beyond_its_limits_is_refused() {
    let steps = |steps: &str| {
        format!(
            "[[type.earlier]]\nversion = 1\nsteps = []\n[[type.earlier]]\nversion = 2\nsteps = [{steps}]"
        )
    };
    let many = |count: usize| steps(&"{ remove = \"x\" },".repeat(count));
    let mapped = |count: usize| {
        let values: String = (0..count).map(|n| format!("v{n} = 1,")).collect();
        steps(&format!("{{ map = {{ key = \"k\", values = {{ {values} }} }} }}"))
    };
    let keyed = |bytes: usize| steps(&format!("{{ remove = \"{}\" }}", "k".repeat(bytes)));
    let valued = |bytes: usize| {
        let text = "v".repeat(bytes - 2);
        steps(&format!("{{ default = {{ key = \"k\", value = \"{text}\" }} }}"))
    };
    let rename = steps("{ rename = { from = \"ip\", to = \"client_ip\" } }");
    let cases = [
        ("", String::new(), "must tell of [1, 2]"),
        ("", "[[type.earlier]]\nversion = 2\nsteps = []".into(), "it tells of [2]"),
        ("", TWO.replace("version = 2", "version = 1"), "it tells of [1, 1]"),
        ("", TWO.replace("version = 2", "version = 3"), "it tells of [1, 3]"),
        ("", "[[type.earlier]]\nversion = 1".into(), "missing field"),
        ("", steps("{ move = \"x\" }"), "unknown variant"),
        ("", steps("{ rename = { from = \"a\", too = \"b\" } }"), "unexpected keys in table: too"),
        ("", steps("{ rename = { from = \"a\", to = \"a\" } }"), "renames a key to itself"),
        ("", steps("{ remove = \"\" }"), "needs keys"),
        ("", many(STEPS_MAX + 1), "has 65 steps"),
        ("", mapped(MAPPED_VALUES_MAX + 1), "must list 1 to 256"),
        ("", mapped(0), "must list 1 to 256"),
        ("", keyed(KEY_BYTES_MAX + 1), "needs keys of 1 to 128"),
        ("", valued(VALUE_BYTES_MAX + 1), "more than 1024 bytes"),
        ("masked = [\"client_ip\"]", rename.clone(), "list `ip` there as well"),
        ("personal = [\"client_ip\"]", rename.clone(), "`personal`"),
        ("forbidden = [\"client_ip\"]", rename.clone(), "`forbidden`"),
    ];
    for (more, earlier, expected) in cases {
        let error = Catalogue::read([("shop.toml", &*text_of(more, &earlier))]).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let told = format!("{error} {source}");
        assert!(told.contains(expected), "{told} should say {expected}");
    }
    let at_the_edge = [
        ("", many(STEPS_MAX)),
        ("", mapped(MAPPED_VALUES_MAX)),
        ("", keyed(KEY_BYTES_MAX)),
        ("", valued(VALUE_BYTES_MAX)),
        ("masked = [\"ip\", \"client_ip\"]", rename),
    ];
    for (more, earlier) in at_the_edge {
        Catalogue::read([("shop.toml", &*text_of(more, &earlier))]).unwrap();
    }
}

#[test]
fn a_type_has_at_most_so_many_versions() {
    let with = |newest: u32| {
        let earlier: String =
            (1..newest).map(|n| format!("[[type.earlier]]\nversion = {n}\nsteps = []\n")).collect();
        let text = text_of("", &earlier);
        let text = text.replacen("version = 3", &format!("version = {newest}"), 1);
        Catalogue::read([("shop.toml", &*text)]).map(|_| ())
    };
    with(VERSIONS_MAX).unwrap();
    let error = with(VERSIONS_MAX + 1).unwrap_err().to_string();
    assert!(error.contains("at most 64"), "{error}");
}

#[test]
fn the_text_of_the_steps_changes_with_any_of_them() {
    let text = |two: &str| {
        let text = text_of("", two);
        Catalogue::read([("shop.toml", &*text)]).unwrap().upcasters().text()
    };
    assert_eq!(text(TWO), text(TWO));
    assert_ne!(text(TWO), text(&TWO.replace("\"one\"", "\"uno\"")));
    assert_eq!(Upcasters::default().text(), "");
}

/// Of every type that ships, and of the example, whose steps are of every kind.
#[test]
fn every_older_version_of_every_shipped_type_is_brought_into_a_valid_newest_shape() {
    for catalogue in [&Catalogue::shipped(), catalogue()] {
        assert_eq!(crate::catalogue::samples::badly_upcast(catalogue), []);
    }
    let samples = samples_of(&catalogue().find("user.password.changed").unwrap().metadata);
    assert!(samples.len() > 2, "{samples:?}");
}

fn any_key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c1-3.e+-]{0,6}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
        any_key().prop_map(|key| json!({ key: {"a": 1} })),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any_key(), any_key()).prop_map(|(from, to)| Step::Rename { from, to }),
        (any_key(), any_value()).prop_map(|(key, value)| Step::Default { key, value }),
        any_key().prop_map(Step::Remove),
        (
            any_key(),
            prop::collection::btree_map("[a-c1-3]{0,2}", any_value(), 0..4),
            prop::option::of(any_value())
        )
            .prop_map(|(key, values, otherwise)| Step::Map { key, values, otherwise }),
        any_key().prop_map(Step::ToString),
        any_key().prop_map(Step::ToNumber),
    ]
}

proptest! {
    #[test]
    fn any_chain_of_steps_ends_with_the_same_result_and_touches_only_what_it_names(
        steps in prop::collection::vec(any_step(), 0..12),
        metadata in prop::collection::btree_map(any_key(), any_value(), 0..4),
    ) {
        let mut metadata: JsonObject = metadata.into_iter().collect();
        metadata.insert("untouched".into(), json!({"a": [1]}));
        let run = |mut metadata: JsonObject| {
            steps.iter().for_each(|step| step.apply(&mut metadata));
            metadata
        };
        let once = run(metadata.clone());
        prop_assert_eq!(&once, &run(metadata.clone()));
        prop_assert_eq!(&once["untouched"], &metadata["untouched"]);
        // No step can make keys that it does not name.
        let named: Vec<&str> = steps.iter().flat_map(Step::keys).collect();
        for key in once.keys() {
            prop_assert!(metadata.contains_key(key) || named.contains(&key.as_str()));
        }
        let told = serde_json::to_string(&steps).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Step>>(&told).unwrap().len(), steps.len());
    }
}

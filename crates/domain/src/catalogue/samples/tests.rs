use super::*;
use crate::examples::CATALOGUE;

#[test]
fn samples_are_full_and_least_and_have_every_word_of_a_list() {
    let samples = samples_of(&json!({
        "type": "object", "required": ["status"],
        "properties": {
            "status": {"enum": ["ok", "failed"]},
            "count": {"type": "integer", "minimum": 3, "maximum": 9},
            "list": {"type": "array", "items": {"type": "string", "minLength": 4}},
            "deep": {"type": "object", "properties": {"x": {"type": "boolean"}}},
        }
    }));
    let samples: Vec<Value> = samples.into_iter().map(Value::Object).collect();
    assert!(samples.contains(&json!({"status": "ok"})));
    assert!(samples.iter().any(|sample| sample["status"] == "failed"));
    assert!(samples.iter().any(|sample| sample["count"] == 9));
    assert!(samples.iter().any(|sample| sample["list"] == json!(["1111"])));
    assert_eq!(samples[0]["deep"], json!({"x": true}));
    assert_eq!(samples_of(&json!({"type": "object"})), [JsonObject::new()]);
}

#[test]
fn a_schema_of_endless_words_gives_a_bounded_number_of_samples() {
    let words: Vec<usize> = (0..=SAMPLES_MAX).collect();
    let samples = samples_of(&json!({"properties": {"word": {"enum": words}}}));
    assert_eq!(samples.len(), SAMPLES_MAX);
}

#[test]
fn steps_that_leave_metadata_the_newest_schema_refuses_are_told() {
    let planted = [
        (r#"otherwise = "reset""#, r#"otherwise = "unheard of""#),
        (r#"{ to_number = "attempts" },"#, ""),
        (r#"{ default = { key = "method", value = "self" } },"#, ""),
        (r#"{ rename = { from = "how", to = "method" } },"#, r#"{ remove = "how" },"#),
    ];
    for (right, wrong) in &planted[..3] {
        let text = CATALOGUE.replacen(right, wrong, 1);
        assert_ne!(text, CATALOGUE);
        let catalogue = Catalogue::read([("account.toml", &*text)]).unwrap();
        let problems = badly_upcast(&catalogue);
        assert_eq!(problems.len(), 1, "{wrong}");
        assert_eq!(problems[0].0, "user.password.changed");
        assert!(problems[0].1.contains("version 1: "), "{problems:?}");
    }
    // This loses a value, but its result is of the right form: only a person can see that.
    let (right, wrong) = planted[3];
    let text = CATALOGUE.replacen(right, wrong, 1);
    assert_eq!(badly_upcast(&Catalogue::read([("account.toml", &*text)]).unwrap()), []);
}

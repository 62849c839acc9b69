use annals_domain::limits::Limits;

use super::*;

fn refusal(line: &str) -> String {
    let reject = map(Format::GitHub, &Limits::shipped().event, 7, line).unwrap_err();
    assert_eq!((reject.line, reject.input.as_str()), (7, line));
    reject.reason
}

#[test]
fn lines_that_are_no_object_are_refused_with_a_sentence() {
    for (line, reason) in [
        ("not json", "is not JSON: each line must be one object"),
        ("[1]", "is not a JSON object: each line must be one object"),
        ("\"text\"", "is not a JSON object: each line must be one object"),
        ("{}", "has no `action`: no act is told"),
        (r#"{"action": null}"#, "has no `action`: no act is told"),
        (r#"{"action": "  "}"#, "has no `action`: no act is told"),
        (r#"{"action": ["a"]}"#, "has no `action`: no act is told"),
    ] {
        assert_eq!(refusal(line), reason, "{line}");
    }
    assert!(refusal(r#"{"action":"a","#).starts_with("is not JSON that can be taken: EOF"));
    assert!(refusal(r#"{"action":"a"} {}"#).starts_with("is not JSON that can be taken: trailing"));
}

#[test]
fn a_key_that_stands_twice_is_refused_because_the_choice_would_be_a_guess() {
    assert!(refusal(r#"{"action":"a","action":"b"}"#).contains("names a key twice"));
}

#[test]
fn nesting_without_end_is_refused_before_it_is_read() {
    let line = format!("{{\"action\":\"a\",\"x\":{}", "[".repeat(100_000));
    assert_eq!(refusal(&line[..60_000]), "is nested deeper than 96 levels");
}

#[test]
fn an_overlong_line_is_kept_in_part() {
    let line = format!("x{}", "é".repeat(60_000));
    let reject = map(Format::GitHub, &Limits::shipped().event, 1, &line).unwrap_err();
    assert_eq!(reject.input.len(), 64 * 1024 - 1);
}

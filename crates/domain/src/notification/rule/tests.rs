//! Rules are read with their limits; the shipped ones can be used.

use super::*;
use crate::catalogue::Catalogue;
use crate::examples::{now, shipped_limits};
use crate::query::QueryContext;

fn read(text: &str) -> Result<Vec<Rule>, RuleError> {
    let catalogue = Catalogue::shipped();
    let limits = &shipped_limits().query;
    let context = QueryContext { limits, now: now(), catalogue: &catalogue };
    read_rules([("test.toml", text)], &context)
}

const RULE: &str = r#"
[[rule]]
id = "one"
name = "One"
filter = "type:user.password.changed"
audience = ["subject", "role:admins", "endpoints"]
channels = ["inbox", "webhook"]
"#;

#[test]
fn what_is_left_out_has_a_good_value() {
    let rule = read(RULE).unwrap().remove(0);
    assert!(rule.enabled && rule.quiet && !rule.mandatory);
    assert_eq!((rule.severity, rule.template.as_str()), (Severity::Info, "event"));
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
}

#[test]
fn what_is_wrong_is_said_with_the_rule() {
    let cases = [
        ("id = \"One\"", "id = \"one\"", "its id must be"),
        ("id = \"-one\"", "id = \"one\"", "its id must be"),
        ("name = \"\"", "name = \"One\"", "its name must have"),
        ("filter = \"\"", "filter = \"type:user.password.changed\"", "must not be empty"),
        (
            "filter = \"(type\"",
            "filter = \"type:user.password.changed\"",
            "its filter is wrong at column",
        ),
        ("channels = []", "channels = [\"inbox\", \"webhook\"]", "at least one channel"),
        ("channels = [\"pigeon\"]", "channels = [\"inbox\", \"webhook\"]", "unknown variant"),
        (
            "audience = [\"subject\"]",
            "audience = [\"subject\", \"role:admins\", \"endpoints\"]",
            "nobody in its audience can be told through `webhook`",
        ),
        (
            "audience = [\"everybody\"]",
            "audience = [\"subject\", \"role:admins\", \"endpoints\"]",
            "`everybody` names nobody",
        ),
    ];
    for (wrong, right, said) in cases {
        assert!(RULE.contains(right), "{right}");
        let error = read(&RULE.replace(right, wrong)).unwrap_err().to_string();
        assert!(error.contains(said), "{wrong}: {error}");
    }
    let added = [
        ("throttle = { messages = 0, window_seconds = 60 }", "`throttle.messages` must be"),
        ("throttle = { messages = 1, window_seconds = 0 }", "the window of `throttle`"),
        ("dedupe = { window_seconds = 99999999 }", "the window of `dedupe`"),
        ("dedupe = { key = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"], window_seconds = 9 }", "up to 5"),
        ("digest = { every_seconds = 1 }", "`digest.every_seconds` must be 60"),
        ("speed = 3", "unknown field"),
    ];
    for (line, said) in added {
        let error = read(&format!("{RULE}{line}\n")).unwrap_err().to_string();
        assert!(error.contains(said), "{line}: {error}");
    }
    let error = read(&format!("{RULE}{RULE}")).unwrap_err().to_string();
    assert!(error.contains("defined twice"), "{error}");
    let many: String =
        (0..=RULES_MAX).map(|n| RULE.replace("\"one\"", &format!("\"r{n}\""))).collect();
    let error = read(&many).unwrap_err().to_string();
    assert!(error.contains("one too many"), "{error}");
}

#[test]
fn the_shipped_rules_can_be_used_with_any_catalogue() {
    let rules = shipped_rules(&Catalogue::shipped());
    assert_eq!(rules, shipped_rules(&Catalogue::default()));
    assert!(!rules.iter().any(Rule::thins_what_must_be_told));
    for id in [
        "password-changed",
        "email-changed",
        "phone-changed",
        "mfa-changed",
        "recovery-changed",
        "new-device",
        "new-place",
        "role-granted",
        "api-key-created",
        "data-exported",
        "record-viewed-by-staff",
        "account-closed",
        "break-glass",
    ] {
        assert!(rules.iter().any(|rule| rule.id == id), "no shipped rule `{id}`");
    }
}

//! Whole events: no planted secret is left, and masking what is masked changes nothing.

use proptest::prelude::*;

use super::*;
use crate::input::EventInput;

/// Secrets that are known by their shape, wherever they stand.
const SECRETS: &[&str] = &[
    "4111111111111111",
    "5555 5555 5555 4444",
    "3782-822463-10005",
    "123-45-6789",
    "DE89370400440532013000",
    "GB82 WEST 1234 5698 7654 32",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----MIIEvQIBADANBgkq-----END PRIVATE KEY-----",
];

/// Where free text may stand.
const PLACES: &[&str] = &[
    "/description",
    "/source",
    "/environment",
    "/app_version",
    "/outcome/reason",
    "/outcome/code",
    "/actor/name",
    "/actor/roles/0",
    "/on_behalf_of/0/name",
    "/subject/name",
    "/targets/0/name",
    "/changes/0/before",
    "/changes/0/after/deep/0",
    "/changes/0/path",
    "/client/user_agent",
    "/client/device/name",
    "/client/geo/city",
    "/session/auth_method",
    "/justification/reason",
    "/justification/ticket",
    "/metadata/a",
    "/metadata/list/1",
    "/metadata/deep/er/est",
    "/labels/l",
];

fn template() -> Value {
    json!({
        "id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "type": "invoice.viewed", "description": "d",
        "source": "s", "environment": "e", "app_version": "1",
        "outcome": { "status": "failure", "code": "c", "reason": "r" },
        "actor": { "id": "ann", "name": "n", "email": "a@b", "roles": ["r"], "alt_ids": { "icn": "123-45-6789" } },
        "on_behalf_of": [{ "id": "ben", "name": "n" }], "subject": { "id": "cy", "name": "n" },
        "targets": [{ "type": "t", "id": "4111111111111111", "name": "n", "owner": "o" }],
        "changes": [{ "path": "/p", "op": "replace", "before": "b", "after": { "deep": ["d"] } }],
        "client": { "ip": "10.0.0.1", "user_agent": "u", "device": { "name": "d" }, "geo": { "city": "c" } },
        "session": { "id": "123-45-6789", "auth_method": "m" }, "request": { "id": "r-4111" },
        "justification": { "reason": "r", "ticket": "t" },
        "metadata": { "a": "x", "list": ["x", "y"], "deep": { "er": { "est": "x" } } }, "labels": { "l": "x" },
    })
}

#[test]
fn identifiers_stay_as_they_are() {
    let (event, masked) = masked(template());
    assert_eq!(masked, []);
    assert_eq!(event["targets"][0]["id"], "4111111111111111");
    assert_eq!(event["session"]["id"], "123-45-6789");
    assert_eq!(event["actor"]["alt_ids"]["icn"], "123-45-6789");
}

proptest! {
    #[test]
    fn no_planted_secret_is_left_in_any_free_text(
        secret in prop::sample::select(SECRETS),
        place in prop::sample::select(PLACES),
        before in "[a-z ,.(]{0,12}[ ,(]",
        after in "[ ,.)][a-z ,.)]{0,12}",
    ) {
        let mut json = template();
        *json.pointer_mut(place).unwrap() = format!("{before}{secret}{after}").into();
        let mut event = admitted(json.clone()).unwrap();
        let found = SHIPPED.mask(&mut event, catalogue(), &pseudonym);
        prop_assert_eq!(found.len(), 1);
        note(&mut event, &found);
        let once = serde_json::to_string(&event).unwrap();
        prop_assert!(!once.replace("\"id\":\"4111111111111111\"", "")
            .replace("\"icn\":\"123-45-6789\"", "").replace("\"id\":\"123-45-6789\"", "")
            .contains(secret), "{}", once);
        let mut again = event.clone();
        prop_assert_eq!(SHIPPED.mask(&mut again, catalogue(), &pseudonym), vec![]);
        prop_assert_eq!(again, event);
        // What the caller sent is masked in the same places.
        let mut input = EventInput::from_json(json.to_string().as_bytes()).unwrap();
        let of_input = SHIPPED.mask_input(&mut input, catalogue(), &pseudonym);
        prop_assert_eq!(&of_input[0].rule, &found[0].rule);
        prop_assert!(!input.description.unwrap_or_default().contains(secret));
    }

    #[test]
    fn masking_twice_is_masking_once(text in "(password|token|key|a|=|:|\"|'|\\\\| |4111|1111|-|eyJ|x|\\[redacted:|\\[|\\]|\\{|\\}|,|\\.|&|;|\\(|\\)|<|>|/|\n|--|name|value|passphrase: |changed|`){0,40}") {
        let once = masked_text(&text);
        prop_assert_eq!(masked_text(&once), once);
    }
}

#[test]
fn values_of_telling_keys_go_whatever_they_look_like() {
    let (event, masked) = masked(event_with(json!({
        "password": "x", "userPassword": 17, "API-Key": ["a", "b"], "headers": { "Authorization": "Basic x" },
        "form": [{ "name": "password", "value": "x" }, { "name": "city", "value": "Bonn" }],
        "client_secret": { "a": 1 }, "password_changed_at": "2026-11-21", "password_set": true,
        "secret_key": null, "cvv": 123, "empty": { "password": "" }, "pagination": { "nextToken": "a1".repeat(20) },
    })));
    assert_eq!(
        event["metadata"],
        json!({
            "password": "[redacted:password]", "userPassword": "[redacted:password]",
            "API-Key": "[redacted:secret]", "headers": { "Authorization": "[redacted:secret]" },
            "form": [{ "name": "password", "value": "[redacted:password]" }, { "name": "city", "value": "Bonn" }],
            "client_secret": "[redacted:secret]", "password_changed_at": "2026-11-21", "password_set": true,
            "secret_key": null, "cvv": "[redacted:card-data]", "empty": { "password": "" },
            "pagination": { "nextToken": "a1".repeat(20) },
        })
    );
    assert_eq!(masked.len(), 7);
}

#[test]
fn values_beside_telling_names_go() {
    let hidden = "[redacted:password]";
    let (event, masked) = masked(event_with(json!({
        "argv": ["login", "--password", "hunter2", "-u", "ann", "--pin", 17, "--password", "--token", "x", "--password"],
        "patch": [{ "op": "replace", "path": "/user/password/0", "value": ["x"] }, { "op": "replace", "path": "/city", "value": "Bonn" }],
        "tags": [{ "Key": "password", "Value": "x" }, { "KEY": "city", "VALUE": "Bonn" }],
        "edits": [{ "field": "user.password", "old": "x", "new": "y", "by": "ann" }],
        "form": { "name": "password", "value": true, "values": [], "label": "x" },
    })));
    assert_eq!(
        event["metadata"],
        json!({
            "argv": ["login", "--password", hidden, "-u", "ann", "--pin", hidden, "--password", "--token", "x", "--password"],
            "patch": [{ "op": "replace", "path": "/user/password/0", "value": hidden }, { "op": "replace", "path": "/city", "value": "Bonn" }],
            "tags": [{ "Key": "password", "Value": hidden }, { "KEY": "city", "VALUE": "Bonn" }],
            "edits": [{ "field": "user.password", "old": hidden, "new": hidden, "by": "ann" }],
            "form": { "name": "password", "value": true, "values": [], "label": "x" },
        })
    );
    assert_eq!(masked.len(), 6);
}

#[test]
fn changes_of_a_secret_lose_their_values_and_keys_lose_theirs() {
    let (event, _) = masked(json!({
        "type": "invoice.viewed", "user_id": "ann",
        "before": { "user": { "password": "old", "city": "Bonn" } },
        "after": { "user": { "password": "new", "city": "Köln" } },
        "metadata": { "4111111111111111": { "x": "123-45-6789" }, "5555555555554444": 2, "n": 4111111111111111_u64 },
    }));
    let changes = event["changes"].to_string();
    assert!(!changes.contains("old") && !changes.contains("new"), "{changes}");
    assert!(changes.contains("Bonn") && changes.contains("Köln"));
    assert_eq!(
        event["metadata"],
        json!({
            "[redacted:card]": { "x": "[redacted:ssn]" }, "[redacted:card] 2": 2, "n": "[redacted:card]",
        })
    );
}

#[test]
fn what_changes_inside_of_a_secret_is_secret() {
    let (event, _) = masked(json!({
        "type": "invoice.viewed", "user_id": "ann",
        "before": { "password": { "hash": "$2b$old", "rounds": 10, "is_set": true }, "city": { "name": "Bonn" } },
        "after": { "password": { "hash": "$2b$new", "rounds": 12, "is_set": false }, "city": { "name": "Köln" } },
    }));
    let changes = event["changes"].to_string();
    for gone in ["$2b$", "10", "12"] {
        assert!(!changes.contains(gone), "{changes}");
    }
    for kept in ["Bonn", "Köln", "true", "/password/hash"] {
        assert!(changes.contains(kept), "{changes}");
    }
    let deep = format!("{}/password/x", "/a".repeat(126));
    for path in
        ["/user/password/0/v", "/a~1password/v", "user.password.v", "/x/user.password[0].v", &deep]
    {
        let change = json!({ "path": path, "op": "replace", "before": "old", "after": ["new"] });
        let (event, masked) = masked(
            json!({ "type": "invoice.viewed", "user_id": "ann", "changes": [change.clone()] }),
        );
        assert_eq!(event["changes"][0]["before"], "[redacted:password]", "{path}");
        assert_eq!(event["changes"][0]["after"], "[redacted:password]", "{path}");
        assert_eq!((masked.len(), &event["changes"][0]["path"]), (2, &change["path"]));
    }
    let kept = json!({ "path": "/passwords/policy.length/token", "op": "replace", "before": 8, "after": 12 });
    let (event, masked) =
        masked(json!({ "type": "invoice.viewed", "user_id": "ann", "changes": [kept] }));
    assert_eq!((masked, &event["changes"][0]["after"]), (vec![], &json!(12)));
}

#[test]
fn metadata_that_the_catalogue_calls_masked_goes() {
    let shipped = Catalogue::shipped();
    let mut event =
        admitted(event_with(json!({ "account_number": "77", "bank": "Sparkasse" }))).unwrap();
    event.event_type = "user.bank_account.changed".into();
    let masked = SHIPPED.mask(&mut event, &shipped, &pseudonym);
    assert_eq!(event.metadata["account_number"], "[redacted:catalogue]");
    assert_eq!(event.metadata["bank"], "Sparkasse");
    assert_eq!(
        (masked[0].path.as_str(), masked[0].hint.as_str()),
        ("metadata.account_number", "7... (2)")
    );
}

#[test]
fn the_event_tells_what_was_masked_and_the_label_never_grows_beyond_its_limit() {
    let mut event =
        admitted(event_with(json!({ "a": "4111111111111111", "4111111111111111": "123-45-6789" })))
            .unwrap();
    let masked = SHIPPED.mask(&mut event, catalogue(), &pseudonym);
    note(&mut event, &masked);
    assert_eq!(event.labels[LABEL], "metadata.[redacted:card]:ssn,metadata.a:card,metadata:card");
    note(&mut event, &masked);
    assert_eq!(event.labels[LABEL].matches("metadata.a:card").count(), 1);
    let many: Vec<Masked> = (0..250)
        .map(|n| Masked {
            path: format!("metadata.list[{n}]"),
            rule: "card".into(),
            hint: String::new(),
        })
        .collect();
    note(&mut event, &many);
    let label = &event.labels[LABEL];
    let (_, left) = label.rsplit_once(",+").unwrap();
    assert!(label.len() <= 1024 && left.parse::<usize>().unwrap() > 100, "{label}");
}

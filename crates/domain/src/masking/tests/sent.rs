//! What cannot be read as an event is masked as well, before it is kept.

use super::*;

fn sent_with(masker: &Masker, sent: &str) -> String {
    let masked = masker.mask_sent(sent.as_bytes(), &Catalogue::shipped(), &pseudonym);
    let masked = masked.map(|bytes| String::from_utf8(bytes).unwrap());
    masked.unwrap_or_else(|| sent.to_owned())
}

fn sent(json: &Value) -> Value {
    serde_json::from_str(&sent_with(&SHIPPED, &json.to_string())).unwrap()
}

const HIDDEN: &str = "[redacted:catalogue]";

#[test]
fn what_the_catalogue_calls_masked_goes_wherever_it_stands() {
    let metadata = json!({ "account_number": "0012345678", "bank": "Sparkasse" });
    let left = json!({ "account_number": HIDDEN, "bank": "Sparkasse" });
    for name in ["type", "action", "typ"] {
        let body = json!({ name: "user.bank_account.changed", "metadata": metadata, "actr": 1 });
        let expected = json!({ name: "user.bank_account.changed", "metadata": left, "actr": 1 });
        assert_eq!(sent(&body), expected);
    }
    let body = json!({ "type": "user.bank_account.changed", "accountNumber": 12345678,
        "metdata": { "deep": [{ "Account_Number": ["1", "2"], "account_number_set": true }] } });
    let expected = json!({ "type": "user.bank_account.changed", "accountNumber": HIDDEN,
        "metdata": { "deep": [{ "Account_Number": HIDDEN, "account_number_set": true }] } });
    assert_eq!(sent(&body), expected);
    assert_eq!(sent(&json!([body])), json!([expected]));
    // Of a type that is known nothing is hidden but what is masked there.
    let body = json!({ "type": "user.login.succeeded", "metadata": metadata, "actr": 1 });
    assert_eq!(sent(&body), body);
}

#[test]
fn json_is_looked_at_value_by_value() {
    let body = r#"{"type":"order.placed","actr":1,"form":[{"name":"password","value":"hunter2"}],
        "db":"mysql:\/\/u:hunter2@h","card":4111111111111111,"n":1.5,"deep":{"password":["hunter2",{"a":"hunter2"}]},
        "n\u0061me":"\u0034111111111111111","4111111111111111":null}"#;
    let left = sent_with(&SHIPPED, body);
    assert!(!left.contains("hunter2") && !left.contains("1111"), "{left}");
    let left: Value = serde_json::from_str(&left).unwrap();
    assert_eq!(left["db"], "mysql://u:[redacted:url-password]@h");
    assert_eq!((&left["n"], &left["form"][0]["name"]), (&json!(1.5), &json!("password")));
}

#[test]
fn of_a_key_that_stands_twice_neither_value_is_left() {
    let body = r#"{"type":"user.bank_account.changed","type":"order.placed","metadata":{"password":"hunter2",
        "password":null,"account_number":"0012345678","account_number":null,"a":1,"a":2}}"#;
    let left: Value = serde_json::from_str(&sent_with(&SHIPPED, body)).unwrap();
    let metadata =
        json!({ "password": "[redacted:password]", "account_number": HIDDEN, "a": [1, 2] });
    assert_eq!(left["metadata"], metadata);
    assert_eq!(left["type"], json!(["user.bank_account.changed", "order.placed"]));
    let plain = r#"{ "a": 1, "a": "x" }"#;
    assert_eq!(sent_with(&SHIPPED, plain), plain);
}

#[test]
fn what_is_no_json_is_masked_as_a_text_and_what_follows_json_too() {
    for (body, left) in [
        ("password=hunter2", "password=[redacted:password]"),
        (r#"{"password":"hunter2","x"#, r#"{"password":"[redacted:password]","x"#),
        (
            "{\"account_number\":\"1\"}\n{\"password\":\"x\"} password=hunter2",
            "{\"account_number\":\"[redacted:catalogue]\"}\n{\"password\":\"[redacted:password]\"} password=[redacted:password]",
        ),
        ("4111 1111 1111 1111", "[redacted:card]"),
        ("{\"a\": 1} 4111 1111 1111 1111", "{\"a\":1} [redacted:card]"),
        ("\"4111 1111 1111 1111\"", "\"[redacted:card]\""),
        (" { \"a\" : 1 } x", " { \"a\" : 1 } x"),
        ("", ""),
    ] {
        assert_eq!(sent_with(&SHIPPED, body), left, "{body}");
    }
    let deep = format!("{}\"password=hunter2\"{}", "[".repeat(200), "]".repeat(200));
    assert!(!sent_with(&SHIPPED, &deep).contains("hunter2"));
}

#[test]
fn no_place_is_left_out_of_a_rule_where_nothing_has_its_place() {
    let rules = "[catalogue]\naction = \"redact\"\n[[rule]]\nname = \"card\"\ndetector = \"card\"\n\
        action = \"redact\"\nexcept = [\"metadata.n\"]\n[[rule]]\nname = \"raw\"\ndetector = \"value\"\n\
        action = \"drop\"\nfields = [\"metadata.raw\"]\n";
    let masker = Masker::read(rules).unwrap();
    let body =
        json!({ "actr": "4111111111111111", "metadata": { "raw": "x", "n": "4111111111111111" } });
    let left: Value = serde_json::from_str(&sent_with(&masker, &body.to_string())).unwrap();
    assert_eq!(left, json!({ "actr": "[redacted:card]", "metadata": { "n": "[redacted:card]" } }));
}

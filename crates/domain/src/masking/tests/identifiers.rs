//! Identifiers: rules that name them, and secrets for which an event is refused.

use super::*;
use crate::input::EventInput;
use crate::problem::ErrorCode;

fn read(rules: &str) -> Masker {
    Masker::read(&format!("[catalogue]\naction = \"redact\"\n{rules}")).unwrap()
}

fn event() -> Value {
    json!({
        "type": "invoice.viewed", "session_id": "s 4111111111111111",
        "actor": { "id": "ann", "alt_ids": { "ssn": "77", "card": "4111111111111111" } },
        "targets": [{ "type": "card", "id": "4111111111111111", "name": "n" }],
    })
}

#[test]
fn a_rule_looks_by_shape_at_the_identifiers_that_it_names() {
    let masker = read(
        "[[rule]]\nname = \"card\"\ndetector = \"card\"\naction = \"redact\"\n\
         fields = [\"target.id\", \"session.id\"]\n\
         [[rule]]\nname = \"ssn\"\ndetector = \"key\"\naction = \"drop\"\nkeys = [\"ssn\"]\n\
         fields = [\"actor.alt_ids\"]\n",
    );
    let (event, masked) = masked_with(&masker, event());
    assert_eq!(event["targets"][0]["id"], "[redacted:card]");
    assert_eq!(event["session"]["id"], "s [redacted:card]");
    assert_eq!(event["actor"]["alt_ids"], json!({ "card": "4111111111111111" }));
    assert_eq!(event["subject"]["alt_ids"], json!({ "card": "4111111111111111" }));
    assert_eq!(masked.len(), 4);
}

#[test]
fn a_rule_for_everything_touches_no_identifier() {
    let masker = read(
        "[[rule]]\nname = \"card\"\ndetector = \"card\"\naction = \"redact\"\n\
         fields = [\"*\", \"target.name\"]\n\
         [[rule]]\nname = \"ssn\"\ndetector = \"key\"\naction = \"drop\"\nkeys = [\"ssn\"]\n",
    );
    let (_, masked) = masked_with(&masker, event());
    assert_eq!(masked, []);
}

fn refused(masker: &Masker, request: Value, producer: &str) -> Vec<String> {
    let event = json!({ "type": "invoice.viewed", "user_id": "ann", "request": request,
        "producer": { "id": producer, "seq": 1 } });
    let errors = masker.secrets_in_identifiers(&admitted(event).unwrap());
    assert!(errors.iter().all(|error| error.code == ErrorCode::Secret));
    errors.into_iter().map(|error| error.path).collect()
}

#[test]
fn secrets_in_readable_identifiers_are_told_by_field() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";
    for secret in [
        jwt,
        "AKIAIOSFODNN7EXAMPLE",
        "4111111111111111",
        "r-4111 1111 1111 1111",
        "-----BEGIN PRIVATE KEY-----MIIEvQ",
        "Bearer abcdef1234567890abcdef",
        "https://u:hunter2@h",
    ] {
        for field in ["id", "correlation_id", "causation_id", "traceparent"] {
            let told = refused(&SHIPPED, json!({ field: secret }), "p");
            assert_eq!(told, [format!("request.{field}")], "{secret}");
        }
        assert_eq!(refused(&SHIPPED, json!({}), secret), ["producer.id"]);
        let mut input: EventInput = serde_json::from_value(
            json!({ "type": "x", "request": { "id": secret }, "producer": { "id": secret, "seq": 1 } }),
        )
        .unwrap();
        SHIPPED.mask_input(&mut input, catalogue(), &pseudonym);
        let kept = serde_json::to_string(&input).unwrap();
        assert!(!kept.contains(secret) && kept.contains("redacted"), "{kept}");
    }
    let errors = SHIPPED.secrets_in_identifiers(
        &admitted(json!({ "type": "invoice.viewed", "user_id": "ann", "request": { "id": jwt } }))
            .unwrap(),
    );
    assert!(!errors[0].to_string().contains("eyJ"));
}

#[test]
fn ordinary_identifiers_are_taken() {
    for id in [
        "550e8400-e29b-41d4-a716-446655440000",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-41111111111111114111111111111111-4111111111111111-01",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "1767225600000000",
        "req_8fQ2dK1mZ0aB3cD4eF5g",
        "Root=1-67891233-abcdef012345678912345678",
        "arn:aws:iam::123456789012:role/Admin",
        "https://api.example.com:8080/orders/17",
        "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
        "123-45-6789",
        "password=hunter",
        "shop-7d9f8b6c5d-x2k4p",
        "[redacted:jwt]",
    ] {
        let request =
            json!({ "id": id, "correlation_id": id, "causation_id": id, "traceparent": id });
        assert!(refused(&SHIPPED, request, id).is_empty(), "{id}");
    }
}

#[test]
fn a_field_that_is_excepted_is_not_looked_at() {
    let rule = "[[rule]]\nname = \"card\"\ndetector = \"card\"\naction = \"redact\"\n";
    let masker = read(&format!("{rule}except = [\"request.id\"]\n"));
    let card = "4111111111111111";
    assert_eq!(refused(&masker, json!({ "id": card, "traceparent": card }), card).len(), 2);
    let masker = read(&format!("{rule}except = [\"request\", \"producer.id\"]\n"));
    assert!(refused(&masker, json!({ "id": card, "traceparent": card }), card).is_empty());
    let masker = read(&format!("{rule}fields = [\"metadata\"]\n"));
    assert!(refused(&masker, json!({ "id": card }), card).is_empty());
}

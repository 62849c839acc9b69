//! What endpoints are sent, looked at where it arrives.

use std::process::Stdio;

use annals_domain::EventId;
use annals_domain::notification::{EndpointKind, Payload, SignatureKind};
use annals_ports::{Carrier, Target};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use uuid::Uuid;

use super::*;
use crate::testing::{endpoint, foreign, http, python, receiver, target, told};

/// Sends to an endpoint of this kind and returns what arrived.
async fn arrived(
    carrier: &dyn Carrier,
    kind: EndpointKind,
    change: impl FnOnce(&mut OpenEndpoint, &mut annals_domain::notification::Outgoing),
) -> (HeaderMap, Bytes) {
    let (address, mut gotten) = receiver(|| StatusCode::NO_CONTENT.into_response()).await;
    let mut open = endpoint(kind, format!("http://{address}/hook?key=1"));
    let mut message = told();
    change(&mut open, &mut message);
    let handed = carrier.carry(&message, &target(open)).await.unwrap();
    assert_eq!(handed.code, Some(204));
    gotten.recv().await.unwrap()
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

fn signed(headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    let (id, time) = (text(headers, "webhook-id"), text(headers, "webhook-timestamp"));
    [format!("{id}.{time}.").as_bytes(), body].concat()
}

#[tokio::test]
async fn a_thin_webhook_says_what_happened_to_whom_and_no_word_of_the_event() {
    let carrier = WebhookCarrier::new(http(10));
    let (headers, body) = arrived(&carrier, EndpointKind::Webhook, |_, _| {}).await;
    assert_eq!(text(&headers, "webhook-id"), told().id.to_string());
    assert_eq!(text(&headers, "content-type"), "application/json");
    let expected = json!({
        "type": "annals.notification",
        "timestamp": "2026-11-21T09:30:00+01:00",
        "data": {
            "delivery_id": told().id,
            "tenant": "acme",
            "recipient_id": "ann",
            "rule": "password-changed",
            "severity": "warning",
            "event_id": "00000000-0000-0000-0000-000000000007",
            "event_type": "user.password.changed",
            "occurred_at": "2026-11-21T09:30:00+01:00",
            "recorded_at": "2026-11-21T08:30:01Z",
            "event_path": "/api/v1/logs/00000000-0000-0000-0000-000000000007",
        },
    });
    assert_eq!(read(&body), expected);
}

#[tokio::test]
async fn a_full_webhook_has_title_and_sentence_and_a_digest_names_its_events() {
    let carrier = WebhookCarrier::new(http(10));
    let (_, body) = arrived(&carrier, EndpointKind::Webhook, |open, message| {
        open.endpoint.payload = Payload::Full;
        message.more = vec![EventId(Uuid::from_u128(1))];
    })
    .await;
    let data = read(&body)["data"].clone();
    assert_eq!(data["title"], "Password changed");
    assert_eq!(data["body"], "Bob changed the password of Ann");
    assert_eq!(data["more"], json!(["00000000-0000-0000-0000-000000000001"]));
}

#[tokio::test]
async fn the_new_secret_and_the_one_before_both_sign() {
    let carrier = WebhookCarrier::new(http(10));
    let (headers, body) = arrived(&carrier, EndpointKind::Webhook, |open, _| {
        open.secrets = vec![[1; 32], [2; 32]];
    })
    .await;
    let expected: Vec<String> = [[1; 32], [2; 32]]
        .iter()
        .map(|secret| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &signed(&headers, &body))
        })
        .map(|tag| format!("v1,{}", BASE64.encode(tag.as_ref())))
        .collect();
    assert_eq!(text(&headers, "webhook-signature"), expected.join(" "));
    assert_eq!(headers["webhook-signature"].len(), 2 * 47 + 1);
}

#[tokio::test]
async fn with_ed25519_the_public_key_that_is_shown_verifies() {
    let carrier = WebhookCarrier::new(http(10));
    let (headers, body) = arrived(&carrier, EndpointKind::Webhook, |open, _| {
        open.endpoint.signature = SignatureKind::Ed25519;
        open.secrets = vec![[1; 32], [2; 32]];
    })
    .await;
    let signatures: Vec<&str> = text(&headers, "webhook-signature").split(' ').collect();
    for (secret, signature) in [[1; 32], [2; 32]].iter().zip(&signatures) {
        let public = ed25519_public_text(secret);
        let public = BASE64.decode(public.strip_prefix("whpk_").unwrap().as_bytes()).unwrap();
        let signature = BASE64.decode(signature.strip_prefix("v1a,").unwrap().as_bytes()).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, &public);
        key.verify(&signed(&headers, &body), &signature).unwrap();
        assert!(key.verify(b"something else", &signature).is_err());
    }
    assert_eq!(signatures.len(), 2);
}

#[test]
fn secrets_are_shown_as_the_specification_writes_them() {
    assert_eq!(hmac_secret_text(&[0; 32]), format!("whsec_{}=", "A".repeat(43)));
    // RFC 8032, the first test vector.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let bytes = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let shown = ed25519_public_text(&bytes(seed).try_into().unwrap());
    assert_eq!(shown, format!("whpk_{}", BASE64.encode(&bytes(public))));
}

#[tokio::test]
async fn to_slack_nothing_of_an_event_is_markup() {
    let carrier = SlackCarrier::new(http(10));
    let evil = "<!channel> & <https://evil.example|Annals>\n\u{202e}x";
    let (headers, body) = arrived(&carrier, EndpointKind::Slack, |open, message| {
        open.endpoint.payload = Payload::Full;
        message.title = evil.into();
        message.body = evil.repeat(100);
        message.event_type = "<@U1>".into();
        message.more = vec![EventId(Uuid::nil()); 2];
    })
    .await;
    assert!(!headers.contains_key("webhook-signature"));
    let body = read(&body);
    let escaped = "&lt;!channel&gt; &amp; &lt;https://evil.example|Annals&gt; x";
    assert!(body["text"].as_str().unwrap().starts_with(escaped), "{body}");
    // A plain text is no markup, and Slack shows it as it is.
    assert_eq!(body["blocks"][0]["text"]["type"], "plain_text");
    let section = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(section.starts_with(escaped) && section.len() <= 3000);
    assert!(!section.contains('<') && !section.contains('\u{202e}'));
    let about = body["blocks"][2]["elements"][0]["text"].as_str().unwrap();
    assert!(about.contains("&lt;@U1&gt;") && about.ends_with("and 2 more"), "{about}");
}

#[tokio::test]
async fn a_thin_slack_message_has_the_title_alone() {
    let carrier = SlackCarrier::new(http(10));
    let (_, body) = arrived(&carrier, EndpointKind::Slack, |_, _| {}).await;
    assert_eq!(read(&body)["text"], "Password changed");
    assert!(!String::from_utf8_lossy(&body).contains("Bob"));
}

#[tokio::test]
async fn an_adapter_gets_a_template_its_texts_and_the_id() {
    let carrier = AdapterCarrier::new(http(10));
    let (_, body) = arrived(&carrier, EndpointKind::Adapter, |open, _| {
        open.endpoint.template_id = Some("t-17".into());
        open.endpoint.payload = Payload::Full;
    })
    .await;
    let body = read(&body);
    assert_eq!(body["template_id"], "t-17");
    assert_eq!(body["reference"], told().id.to_string());
    let texts = body["personalisation"].as_object().unwrap();
    assert!(texts.values().all(Value::is_string));
    assert_eq!(texts["title"], "Password changed");
    assert_eq!(texts["body"], "Bob changed the password of Ann");
    let (_, body) = arrived(&carrier, EndpointKind::Adapter, |_, _| {}).await;
    assert_eq!(read(&body)["template_id"], "default");
    assert!(read(&body)["personalisation"].get("body").is_none());
}

#[tokio::test]
async fn a_receiver_that_is_gone_or_asks_for_time_is_heard() {
    let carrier = WebhookCarrier::new(http(10));
    let (address, _gotten) = receiver(|| StatusCode::GONE.into_response()).await;
    let gone = target(endpoint(EndpointKind::Webhook, format!("http://{address}/")));
    let error = carrier.carry(&told(), &gone).await.unwrap_err();
    assert!(error.permanent && error.source.to_string().contains("410"));
    let busy = || (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "7")]).into_response();
    let (address, _gotten) = receiver(busy).await;
    let busy = target(endpoint(EndpointKind::Webhook, format!("http://{address}/")));
    let error = carrier.carry(&told(), &busy).await.unwrap_err();
    assert!(!error.permanent && error.retry_after == Some(std::time::Duration::from_secs(7)));
}

#[tokio::test]
async fn each_carrier_carries_to_its_own_kind_alone() {
    let carriers: [&dyn Carrier; 3] = [
        &WebhookCarrier::new(http(10)),
        &SlackCarrier::new(http(10)),
        &AdapterCarrier::new(http(10)),
    ];
    let kinds = [EndpointKind::Webhook, EndpointKind::Slack, EndpointKind::Adapter];
    for (own, carrier) in carriers.iter().enumerate() {
        for (other, kind) in kinds.into_iter().enumerate() {
            let target = target(endpoint(kind, "https://example.org/".into()));
            assert_eq!(carrier.carries_to(&target), own == other);
        }
        assert!(!carrier.carries_to(&Target::Syslog));
        assert!(carrier.carry(&told(), &Target::Syslog).await.unwrap_err().permanent);
    }
}

/// Whether a receiver with this key, in another language, takes what arrived.
async fn others_verify(headers: &HeaderMap, body: &str, key: &str) -> Result<(), String> {
    let headers: serde_json::Map<String, Value> =
        ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .into_iter()
            .map(|name| (name.to_owned(), text(headers, name).into()))
            .collect();
    let given = json!({ "headers": headers, "body": body, "key": key }).to_string();
    let mut command = Command::new(python().await);
    command.arg(foreign("verify_webhook.py")).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(given.as_bytes()).await.unwrap();
    let output = process.wait_with_output().await.unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[tokio::test]
async fn the_reference_library_of_another_language_verifies_what_is_sent() {
    let carrier = WebhookCarrier::new(http(10));
    for (kind, shown) in [
        (SignatureKind::Hmac, hmac_secret_text as fn(&[u8; 32]) -> String),
        (SignatureKind::Ed25519, ed25519_public_text),
    ] {
        let (headers, body) = arrived(&carrier, EndpointKind::Webhook, |open, message| {
            open.endpoint.signature = kind;
            open.endpoint.payload = Payload::Full;
            message.body = "Zoë \u{1f512} <b>".into();
            open.secrets = vec![[1; 32], [2; 32]];
        })
        .await;
        let body = String::from_utf8(body.to_vec()).unwrap();
        // The receiver may have the new secret or still the one before.
        for secret in [[1; 32], [2; 32]] {
            others_verify(&headers, &body, &shown(&secret)).await.unwrap();
        }
        let other_key = others_verify(&headers, &body, &shown(&[3; 32])).await.unwrap_err();
        assert!(other_key.contains("refused"), "{other_key}");
        let changed =
            others_verify(&headers, &body.replace("acme", "evil"), &shown(&[1; 32])).await;
        assert!(changed.unwrap_err().contains("refused"));
    }
}

//! Tokens of every kind: which are taken, and that all others are refused with the same answer.

mod algorithms;
mod cache;
mod dates;
mod form;
mod headers;
mod http;
mod rotation;
mod signatures;
mod who;
mod world;

use std::collections::BTreeSet;

use annals_api::auth::{Expectations, KeyError, KeySettings, Verifier};
use axum::body::Body;
use serde_json::json;

use crate::support::{Answer, SECRET, Service, token};
use world::{Expected, Vector, World};

/// Every vector; their number is told so that none is lost unnoticed.
fn vectors(world: &World) -> Vec<Vector> {
    let all = [
        form::vectors(world),
        headers::vectors(world),
        algorithms::vectors(world),
        signatures::vectors(world),
        dates::vectors(world),
        who::vectors(world),
    ];
    all.into_iter().flatten().collect()
}

/// Sends a token as it is, whatever bytes it has.
async fn get(service: &Service, token: &str) -> Answer {
    let value = ::http::HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).unwrap();
    let request = ::http::Request::get("/api/v1/logs").header("authorization", value);
    service.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_vector_becomes_of_what_it_should() {
    let world = World::new();
    let service = Service::with(world.verifier(|_| {}), |_| {}).await;
    let vectors = vectors(&world);
    let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
    assert_eq!(names.len(), vectors.len(), "two vectors have the same name");
    let count = |expected| vectors.iter().filter(|vector| vector.expected == expected).count();
    assert!(count(Expected::Refused) >= 250, "{}", count(Expected::Refused));
    assert!(count(Expected::Accepted) >= 40, "{}", count(Expected::Accepted));
    let mut refusals = BTreeSet::new();
    // Twice, as the second time the good ones were verified before.
    for vector in vectors.iter().chain(&vectors) {
        let answer = get(&service, &vector.token).await;
        let name = &vector.name;
        match vector.expected {
            Expected::Accepted => assert_eq!(answer.status, 200, "{name}: {}", answer.text),
            Expected::Powerless => assert_eq!(answer.status, 403, "{name}: {}", answer.text),
            Expected::Refused => {
                assert_eq!(answer.status, 401, "{name}: {}", answer.text);
                assert_eq!(answer.header("www-authenticate"), "Bearer", "{name}");
                assert_eq!(answer.code(), "UNAUTHENTICATED", "{name}");
                refusals.insert(answer.text);
            }
        }
    }
    assert_eq!(refusals.len(), 1, "callers learn why: {refusals:?}");
}

#[tokio::test]
async fn graphql_refuses_with_the_same_code() {
    let service = Service::start().await;
    let answer = service.post("/graphql", "bad", r#"{"query":"{me{id}}"}"#).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[test]
fn a_token_with_any_bit_changed_is_refused() {
    let verifier = Verifier::new(&[], Some(SECRET), &Expectations::default()).unwrap();
    let good = token("ann", "acme", "user");
    verifier.verify(&good).unwrap();
    for index in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(verifier.verify(&changed).is_err(), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn who_is_let_in_a_little_late_may_also_stay_for_that_long() {
    let world = World::new();
    let verifier = world.verifier(|_| {});
    let claims = verifier.verify(&world.with(json!({ "exp": world.now - 20 }))).unwrap();
    assert_eq!(verifier.end_of(&claims).as_second(), world.now + 10);
}

#[test]
fn a_token_that_holds_for_too_long_is_refused_where_that_is_configured() {
    let world = World::new();
    let verifier = world.verifier(|expectations| expectations.token_lifetime_seconds_max = 3600);
    let holds = |seconds| world.with(json!({ "exp": world.now + seconds }));
    verifier.verify(&holds(3600)).unwrap();
    assert!(verifier.verify(&holds(3601)).is_err());
    assert!(verifier.verify(&world.with(json!({ "iat": null }))).is_err());
    assert!(verifier.verify(&world.with(json!({ "iat": world.now - 3600 }))).is_err());
    world.verifier(|_| {}).verify(&holds(1_000_000)).unwrap();
}

#[test]
fn where_issuer_and_audience_are_not_configured_they_are_not_looked_at() {
    let world = World::new();
    let verifier = world.verifier(|expectations| {
        (expectations.issuer, expectations.audience) = (None, None);
    });
    for (iss, aud) in [(json!(null), json!(null)), (json!("any"), json!(17))] {
        verifier.verify(&world.with(json!({ "iss": iss, "aud": aud }))).unwrap();
    }
}

/// An RSA key of 1024 bits, made with `openssl genrsa 1024`.
const WEAK_RSA: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDq+ITHbxf/emDite13Nc3dkJSn
BcCLcEiGI4WkzTen0irIUzTrgWV6T9GtIVNxfLHTY+Dg1J97qW/Vd5eI6b1pRWex
HQ51L6MkvLy/AlDT3LdZCMQlFDlqNWom3XnX2xy3N0Ahtwm9w9v1rT8SzdhvdUMO
XS0oYRR2VsgGb8Ky1QIDAQAB
-----END PUBLIC KEY-----
";
/// A key on another curve, P-384.
const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAETSWdd0glPyaqE5uaQGcNMfb3XvClMCkR
/jY+7w07i46zadeoN6Ax4GtJMgMwHiB1oAT8IVJHO8vySxaRQI7DLFvxEvoyHrGH
Y1snUHOb0Raz+51pU3ZnM/RlaR2LlsTt
-----END PUBLIC KEY-----
";

#[test]
fn a_weak_rsa_key_or_one_on_another_curve_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for (algorithm, pem) in [("RS256", WEAK_RSA), ("ES256", P384)] {
        let file = dir.path().join(algorithm);
        std::fs::write(&file, pem).unwrap();
        let settings = KeySettings { algorithm: algorithm.into(), file, kid: None };
        let error = Verifier::new(&[settings], None, &Expectations::default()).err();
        assert!(matches!(error, Some(KeyError::NotAKey { .. })), "{algorithm}: {error:?}");
    }
}

//! Tokens of every bad kind are refused, all with the same answer.

use annals_api::auth::{Expectations, Verifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{SECRET, Service, claims, in_seconds, signed, token};

const HS256: &str = r#"{"alg":"HS256"}"#;

fn verifier(expectations: &Expectations) -> Verifier {
    Verifier::new(&[], Some(SECRET), expectations).unwrap()
}

/// A good token but for these claims; `null` takes a claim away.
fn with(changes: Value) -> String {
    let mut claims = claims("ann", "acme", "user");
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    signed(HS256, &claims.to_string(), SECRET)
}

/// Good claims under another header.
fn under(header: &str) -> String {
    signed(header, &claims("ann", "acme", "user").to_string(), SECRET)
}

/// Claims as text, so that they can be what no JSON library would write.
fn raw(claims: &str) -> String {
    signed(HS256, &claims.replace("SOON", &in_seconds(600).to_string()), SECRET)
}

fn bad_tokens() -> Vec<(&'static str, String)> {
    let good = token("ann", "acme", "user");
    let [header, claims_part, signature] = *good.split('.').collect::<Vec<_>>() else {
        panic!("a token has three parts")
    };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let long = "x".repeat(10_000);
    vec![
        // not a token
        ("empty", String::new()),
        ("one part", "abc".into()),
        ("two parts", format!("{header}.{claims_part}")),
        ("four parts", format!("{good}.{signature}")),
        ("only dots", "..".into()),
        ("no signature", format!("{header}.{claims_part}.")),
        ("no header", format!(".{claims_part}.{signature}")),
        ("no claims", format!("{header}..{signature}")),
        ("64 kB", format!("{header}.{}.{signature}", "A".repeat(64 * 1024))),
        ("padded base64", format!("{header}=.{claims_part}.{signature}")),
        ("header is no JSON", under("nonsense")),
        ("header is a list", under(r#"["HS256"]"#)),
        ("claims are no JSON", raw("nonsense")),
        ("claims are a list", raw("[1]")),
        ("claims are null", raw("null")),
        // algorithms
        ("alg none, signed", under(r#"{"alg":"none"}"#)),
        ("alg none, unsigned", format!("{none}.{claims_part}.")),
        ("alg None", under(r#"{"alg":"None"}"#)),
        ("alg NONE", under(r#"{"alg":"NONE"}"#)),
        ("alg nOnE", under(r#"{"alg":"nOnE"}"#)),
        ("alg empty", under(r#"{"alg":""}"#)),
        ("alg missing", under(r#"{"typ":"JWT"}"#)),
        ("alg null", under(r#"{"alg":null}"#)),
        ("alg list", under(r#"{"alg":["HS256"]}"#)),
        ("alg number", under(r#"{"alg":256}"#)),
        ("alg in small letters", under(r#"{"alg":"hs256"}"#)),
        ("alg not configured: HS384", under(r#"{"alg":"HS384"}"#)),
        ("alg not configured: HS512", under(r#"{"alg":"HS512"}"#)),
        ("alg not configured: RS256", under(r#"{"alg":"RS256"}"#)),
        ("alg not configured: PS256", under(r#"{"alg":"PS256"}"#)),
        ("alg not configured: ES256", under(r#"{"alg":"ES256"}"#)),
        ("alg not configured: EdDSA", under(r#"{"alg":"EdDSA"}"#)),
        ("alg twice", under(r#"{"alg":"HS256","alg":"none"}"#)),
        // other headers
        ("kid of 10 kB", under(&format!(r#"{{"alg":"HS256","kid":"{long}"}}"#))),
        ("kid a list", under(r#"{"alg":"HS256","kid":["a"]}"#)),
        ("crit unknown", under(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#)),
        ("crit empty", under(r#"{"alg":"HS256","crit":[]}"#)),
        ("crit exp", under(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#)),
        // signatures
        ("another secret", signed(HS256, &claims("a", "acme", "user").to_string(), b"other")),
        ("an empty secret", signed(HS256, &claims("a", "acme", "user").to_string(), b"")),
        ("claims of another", {
            let admin = token("root", "acme", "admin");
            format!("{header}.{}.{signature}", admin.split('.').nth(1).unwrap())
        }),
        // dates
        ("expired", with(json!({ "exp": in_seconds(-1) }))),
        ("expired long ago", with(json!({ "exp": 1 }))),
        ("exp 0", with(json!({ "exp": 0 }))),
        ("exp negative", with(json!({ "exp": -1 }))),
        ("exp missing", with(json!({ "exp": null }))),
        ("exp null", raw(r#"{"sub":"ann","tenant":"acme","roles":["user"],"exp":null}"#)),
        ("exp text", with(json!({ "exp": in_seconds(600).to_string() }))),
        ("exp list", with(json!({ "exp": [in_seconds(600)] }))),
        ("exp object", with(json!({ "exp": {} }))),
        ("exp true", with(json!({ "exp": true }))),
        ("exp 1e308", raw(r#"{"sub":"ann","tenant":"acme","roles":["user"],"exp":1e308}"#)),
        ("exp 1e999", raw(r#"{"sub":"ann","tenant":"acme","roles":["user"],"exp":1e999}"#)),
        (
            "exp beyond u64",
            raw(r#"{"sub":"ann","tenant":"acme","roles":["user"],"exp":99999999999999999999}"#),
        ),
        ("exp of milliseconds", with(json!({ "exp": i64::MAX }))),
        ("exp twice", raw(r#"{"sub":"ann","tenant":"acme","roles":["user"],"exp":1,"exp":SOON}"#)),
        ("nbf ahead", with(json!({ "nbf": in_seconds(60) }))),
        ("nbf text", with(json!({ "nbf": "0" }))),
        ("nbf list", with(json!({ "nbf": [] }))),
        ("nbf negative", with(json!({ "nbf": -1 }))),
        ("iat text", with(json!({ "iat": "now" }))),
        ("iat list", with(json!({ "iat": [1] }))),
        // who
        ("sub missing", with(json!({ "sub": null }))),
        ("sub empty", with(json!({ "sub": "" }))),
        ("sub too long", with(json!({ "sub": "s".repeat(513) }))),
        ("sub with NUL", with(json!({ "sub": "a\u{0}b" }))),
        ("sub with a line end", with(json!({ "sub": "a\r\nb" }))),
        ("sub with C1 control", with(json!({ "sub": "a\u{85}b" }))),
        ("sub number", with(json!({ "sub": 17 }))),
        ("sub list", with(json!({ "sub": ["ann"] }))),
        (
            "sub twice",
            raw(r#"{"sub":"ann","sub":"root","tenant":"acme","roles":["user"],"exp":SOON}"#),
        ),
        ("tenant missing", with(json!({ "tenant": null }))),
        ("tenant empty", with(json!({ "tenant": "" }))),
        ("tenant list empty", with(json!({ "tenant": [] }))),
        ("tenant in capitals", with(json!({ "tenant": "ACME" }))),
        ("tenant with a path", with(json!({ "tenant": "../acme" }))),
        ("tenant with NUL", with(json!({ "tenant": "acme\u{0}" }))),
        ("tenant unicode", with(json!({ "tenant": "аcme" }))),
        ("tenant too long", with(json!({ "tenant": "a".repeat(64) }))),
        ("tenant list with a bad one", with(json!({ "tenant": ["acme", "B"] }))),
        ("tenant number", with(json!({ "tenant": 1 }))),
        ("tenant object", with(json!({ "tenant": { "id": "acme" } }))),
        (
            "tenant twice",
            raw(r#"{"sub":"a","tenant":"acme","tenant":"globex","roles":["user"],"exp":SOON}"#),
        ),
        ("roles missing", with(json!({ "roles": null }))),
        ("roles text", with(json!({ "roles": "admin" }))),
        ("roles of numbers", with(json!({ "roles": [1] }))),
        (
            "roles twice",
            raw(r#"{"sub":"a","tenant":"acme","roles":["user"],"roles":["admin"],"exp":SOON}"#),
        ),
    ]
}

#[test]
fn bad_tokens_are_refused() {
    let verifier = verifier(&Expectations::default());
    verifier.verify(&token("ann", "acme", "user")).unwrap();
    let tokens = bad_tokens();
    assert!(tokens.len() > 80);
    for (what, token) in tokens {
        assert!(verifier.verify(&token).is_err(), "{what}");
    }
}

#[test]
fn a_token_with_any_bit_changed_is_refused() {
    let verifier = verifier(&Expectations::default());
    let good = token("ann", "acme", "user");
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
fn unusual_but_good_tokens_are_taken() {
    let verifier = verifier(&Expectations::default());
    let good = [
        ("kid of no key", under(r#"{"alg":"HS256","kid":"any"}"#)),
        ("kid with NUL", under(r#"{"alg":"HS256","kid":"a\u0000b"}"#)),
        ("kid with a path", under(r#"{"alg":"HS256","kid":"../../etc/passwd"}"#)),
        ("jku is not followed", under(r#"{"alg":"HS256","jku":"http://127.0.0.1:1/keys"}"#)),
        ("x5u is not followed", under(r#"{"alg":"HS256","x5u":"http://127.0.0.1:1/cert"}"#)),
        ("another typ", under(r#"{"alg":"HS256","typ":"at+jwt"}"#)),
        ("an unknown header", under(r#"{"alg":"HS256","x":1}"#)),
        ("exp with a fraction", with(json!({ "exp": in_seconds(600) as f64 + 0.25 }))),
        ("nbf now", with(json!({ "nbf": in_seconds(0) }))),
        ("iat ahead", with(json!({ "iat": in_seconds(600) }))),
        ("sub as long as may be", with(json!({ "sub": "s".repeat(512) }))),
        ("sub in any script", with(json!({ "sub": "安娜" }))),
        ("several tenants", with(json!({ "tenant": ["acme", "globex"] }))),
        ("no roles", with(json!({ "roles": [] }))),
        ("unknown roles", with(json!({ "roles": ["superuser", "Admin", ""] }))),
        ("an unknown claim", with(json!({ "scope": "a b" }))),
        ("aud that nobody asked about", with(json!({ "aud": 17 }))),
    ];
    for (what, token) in good {
        verifier.verify(&token).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    let claims = verifier.verify(&with(json!({ "roles": ["superuser", "Admin"] }))).unwrap();
    assert!(claims.roles.is_empty());
}

#[test]
fn clocks_may_differ_by_as_much_as_configured() {
    let with_skew = |seconds| {
        verifier(&Expectations { clock_skew_seconds: seconds, ..Expectations::default() })
    };
    let ended = with(json!({ "exp": in_seconds(-20) }));
    let ahead = with(json!({ "nbf": in_seconds(20) }));
    for token in [&ended, &ahead] {
        assert!(with_skew(0).verify(token).is_err());
        assert!(with_skew(15).verify(token).is_err());
        assert!(with_skew(30).verify(token).is_ok());
    }
    // Who is let in for that long may also stay for that long.
    let verifier = with_skew(30);
    let end = verifier.end_of(&verifier.verify(&ended).unwrap());
    assert!(end > jiff::Timestamp::now());
}

#[test]
fn the_issuer_and_the_audience_are_as_configured() {
    let verifier = verifier(&Expectations {
        issuer: Some("https://idp.example".into()),
        audience: Some("annals".into()),
        clock_skew_seconds: 0,
    });
    let claims = |iss: Value, aud: Value| with(json!({ "iss": iss, "aud": aud }));
    let issuer = || json!("https://idp.example");
    for aud in [json!("annals"), json!(["annals"]), json!(["other", "annals"])] {
        verifier.verify(&claims(issuer(), aud)).unwrap();
    }
    for (iss, aud) in [
        (Value::Null, Value::Null),
        (issuer(), Value::Null),
        (Value::Null, json!("annals")),
        (json!("https://idp.example/"), json!("annals")),
        (json!(["https://idp.example"]), json!("annals")),
        (json!(["https://idp.example", "https://evil.example"]), json!("annals")),
        (json!(17), json!("annals")),
        (issuer(), json!("other")),
        (issuer(), json!(["other"])),
        (issuer(), json!([])),
        (issuer(), json!("")),
        (issuer(), json!({ "annals": true })),
        (issuer(), json!(["annals", 17])),
    ] {
        let token = claims(iss.clone(), aud.clone());
        assert!(verifier.verify(&token).is_err(), "{iss} {aud}");
    }
}

#[tokio::test]
async fn all_refusals_are_answered_alike() {
    let service = Service::start().await;
    let mut answers = std::collections::BTreeSet::new();
    for (what, token) in bad_tokens() {
        let path = "/api/v1/logs";
        let answer = service.get(path, &token).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
        assert_eq!(answer.code(), "UNAUTHENTICATED");
        answers.insert(answer.text);
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let answer = service.post("/graphql", "bad", r#"{"query":"{me{id}}"}"#).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_header_must_hold_a_bearer_token() {
    let service = Service::start().await;
    let token = token("ann", "acme", "user");
    for (value, status) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (format!("BEARER  {token} "), 200),
        (token.clone(), 401),
        (format!("Bearer{token}"), 401),
        (format!("Basic {token}"), 401),
        (format!("Bearer Bearer {token}"), 401),
        (format!("Bearer \"{token}\""), 401),
        ("Bearer".into(), 401),
        ("Bearer ".into(), 401),
        ("Bearer \u{e9}".into(), 401),
    ] {
        let request = http::Request::get("/api/v1/logs").header("authorization", &value);
        let answer = service.call(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{value}");
    }
    // A token belongs into the header, where it is not logged.
    for path in
        [format!("/api/v1/logs?access_token={token}"), format!("/api/v1/logs?token={token}")]
    {
        let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(service.call(request).await.status, 401);
    }
}

#[tokio::test]
async fn a_token_for_several_tenants_must_name_one_of_them() {
    let service = Service::start().await;
    let several = with(json!({ "tenant": ["acme", "globex"] }));
    let one = token("ann", "acme", "user");
    let call = async |token: &str, named: Option<&str>| {
        let mut request = http::Request::post("/graphql")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(named) = named {
            request = request.header("annals-tenant", named);
        }
        let body = r#"{"query":"{me{tenant}}"}"#;
        let answer = service.call(request.body(body.into()).unwrap()).await.json();
        match answer["errors"][0]["extensions"]["code"].as_str() {
            Some(code) => code.to_owned(),
            None => answer["data"]["me"]["tenant"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(call(&several, Some("acme")).await, "acme");
    assert_eq!(call(&several, Some("globex")).await, "globex");
    assert_eq!(call(&several, None).await, "BAD_USER_INPUT");
    assert_eq!(call(&one, None).await, "acme");
    assert_eq!(call(&one, Some("acme")).await, "acme");
    for spoofed in ["globex", "ACME", "", "acme,globex", "аcme", "*", "../globex"] {
        assert_eq!(call(&one, Some(spoofed)).await, "FORBIDDEN", "{spoofed}");
    }
    assert_eq!(call(&several, Some("initech")).await, "FORBIDDEN");
}

//! Tokens that do not hold: one answer for all reasons, and nothing told.

use annals_tests::{
    Answer, Caller, GraphqlSocket, LogStream, PATIENCE, TestService, samples, wait_until,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use reqwest::Method;
use serde_json::{Value, json};

use crate::service;

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_token_that_does_not_hold_opens_nothing() {
    let service = service().await;
    let forger = Forger::of(&service);
    for (what, token) in forger.bad_tokens() {
        let caller = service.caller_with_token(&token);
        for answer in all_ways_in(&caller).await {
            assert_eq!(answer.status, 401, "{what}: {}", answer.text);
            assert!(answer.text.contains("UNAUTHENTICATED"), "{what}: {}", answer.text);
            assert!(!answer.text.contains("ignature"), "{what} tells why: {}", answer.text);
        }
        let stream = LogStream::open(&caller, &[]).await;
        assert_eq!(stream.err().and_then(|closed| closed.code), Some(401), "{what}");
        let closed = GraphqlSocket::refusal_of(&caller).await;
        assert_eq!(closed.and_then(|closed| closed.code), Some(4403), "{what}");
    }
    let auditor = service.caller("audit", "acme", "auditor").await;
    assert_eq!(auditor.count("").await, 0, "nothing was recorded");
}

#[tokio::test]
async fn a_token_made_by_hand_with_the_right_secret_holds() {
    let service = service().await;
    let forger = Forger::of(&service);
    // Otherwise the refusals above would show nothing.
    let caller = service.caller_with_token(&forger.signed(&HS256(), &forger.claims()));
    caller.record(&samples::login("ann")).await.expect(201);
    // Clocks may differ a little.
    let mut claims = forger.claims();
    claims["exp"] = (now() - 5).into();
    let caller = service.caller_with_token(&forger.signed(&HS256(), &claims));
    assert_eq!(caller.list(&[]).await.status, 200);
}

#[tokio::test]
async fn without_a_token_or_with_another_scheme_nothing_is_answered() {
    let service = service().await;
    let token = service.token("root", "acme", "admin").await;
    let caller = service.caller_with_token(&token);
    for header in
        [None, Some("Basic dXNlcjpwYXNz".to_owned()), Some(token.clone()), Some("Bearer".into())]
    {
        for (method, path) in [
            (Method::GET, "/api/v1/logs"),
            (Method::GET, "/api/v1/limits"),
            (Method::GET, "/api/v1/logs/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
            (Method::POST, "/api/v1/logs"),
            (Method::POST, "/api/v1/logs/bulk"),
            (Method::POST, "/graphql"),
        ] {
            let mut request = caller.anonymous(method, path).json(&json!({}));
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            let answer = Answer::of(request).await.unwrap();
            assert_eq!(answer.status, 401, "{path} with {header:?}: {}", answer.text);
        }
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let open = Answer::of(caller.anonymous(Method::GET, path)).await.unwrap();
        assert_eq!(open.status, 200, "{path} is for the platform");
    }
}

#[tokio::test]
async fn a_token_of_another_tenant_or_installation_opens_nothing_here() {
    let (service, other) = tokio::join!(service(), service());
    let theirs = other.token("root", "acme", "admin").await;
    assert_eq!(service.caller_with_token(&theirs).list(&[]).await.status, 401);
    // A token for one tenant cannot name another.
    let caller = service.caller("root", "acme", "admin").await;
    let request = caller.request(Method::GET, "/api/v1/logs").header("annals-tenant", "globex");
    assert_eq!(Answer::of(request).await.unwrap().status, 403);
}

#[tokio::test]
async fn a_socket_ends_when_its_token_does() {
    let service = service().await;
    let forger = Forger::of(&service);
    let mut claims = forger.claims();
    // Clocks may differ by thirty seconds: it holds for three more.
    claims["exp"] = (now() - 27).into();
    let caller = service.caller_with_token(&forger.signed(&HS256(), &claims));
    let mut stream = LogStream::open(&caller, &[]).await.unwrap();
    let mut socket = GraphqlSocket::open(&caller).await.unwrap();
    assert_eq!(stream.closed().await.code, Some(4403));
    assert_eq!(socket.closed().await.code, Some(4403));
    // A socket that is closed for this cannot be opened again with the same token.
    let refused = wait_until("the second is over", PATIENCE, async || {
        LogStream::open(&caller, &[]).await.err()
    });
    assert_eq!(refused.await.code, Some(401));
}

/// Knows the secret, and misuses it.
struct Forger {
    secret: Vec<u8>,
}

impl Forger {
    fn of(service: &TestService) -> Self {
        let text = std::fs::read_to_string(service.data_dir().join("token.secret"));
        let text = text.expect("the service has made its secret");
        let secret = HEXLOWER.decode(text.trim().as_bytes()).expect("hexadecimal digits");
        Self { secret }
    }

    fn claims(&self) -> Value {
        json!({ "sub": "root", "tenant": "acme", "roles": ["admin"], "exp": now() + HOUR })
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        signed(&self.secret, header, claims)
    }

    /// The claims with one of them changed, or taken out.
    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
            value => claims[name] = value,
        }
        self.signed(&HS256(), &claims)
    }

    fn bad_tokens(&self) -> Vec<(&'static str, String)> {
        let good = self.signed(&HS256(), &self.claims());
        let parts: Vec<&str> = good.split('.').collect();
        let (header, claims, signature) = (parts[0], parts[1], parts[2]);
        let none = |name: &str| encoded(&json!({ "alg": name, "typ": "JWT" }));
        let mut other_claims = self.claims();
        other_claims["tenant"] = "globex".into();
        let mut flipped = signature.to_owned().into_bytes();
        flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).expect("letters");
        vec![
            ("expired", self.with("exp", (now() - 120).into())),
            ("without an end", self.with("exp", Value::Null)),
            ("not yet begun", self.with("nbf", (now() + HOUR).into())),
            ("without a subject", self.with("sub", Value::Null)),
            ("with an empty subject", self.with("sub", "".into())),
            ("with a control character", self.with("sub", "a\u{0}b".into())),
            ("without a tenant", self.with("tenant", Value::Null)),
            ("with no tenants", self.with("tenant", json!([]))),
            ("with a name that is no tenant's", self.with("tenant", "../acme".into())),
            ("without roles", self.with("roles", Value::Null)),
            ("with roles as a text", self.with("roles", "admin".into())),
            ("alg none", format!("{}.{claims}.", none("none"))),
            ("alg None", format!("{}.{claims}.{signature}", none("None"))),
            ("alg HS384", self.signed(&json!({ "alg": "HS384" }), &self.claims())),
            ("alg RS256 signed as HS256", self.signed(&json!({ "alg": "RS256" }), &self.claims())),
            ("signed with another secret", signed(&[7; 32], &HS256(), &self.claims())),
            ("signed with nothing", signed(b"", &HS256(), &self.claims())),
            ("with another signature", format!("{header}.{claims}.{flipped}")),
            ("with half a signature", format!("{header}.{claims}.{}", &signature[..20])),
            ("without a signature", format!("{header}.{claims}.")),
            ("with changed claims", format!("{header}.{}.{signature}", encoded(&other_claims))),
            ("two parts", format!("{header}.{claims}")),
            ("four parts", format!("{good}.{signature}")),
            ("no token", "nonsense".into()),
            ("a long token", format!("{good}{}", "A".repeat(10_000))),
            (
                "a long key name",
                self.signed(&json!({ "alg": "HS256", "kid": "k".repeat(1000) }), &self.claims()),
            ),
        ]
    }
}

/// The header of a good token.
#[expect(non_snake_case, reason = "the name of the algorithm")]
fn HS256() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

fn signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let content = format!("{}.{}", encoded(header), encoded(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let signature = aws_lc_rs::hmac::sign(&key, content.as_bytes());
    format!("{content}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

fn encoded(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

async fn all_ways_in(caller: &Caller) -> Vec<Answer> {
    vec![
        caller.list(&[]).await,
        caller.event(&samples::id()).await,
        caller.record(&samples::login("ann")).await,
        caller.bulk(&[samples::login("ann")]).await,
        caller.get("/api/v1/limits", &[]).await,
        caller.post("/graphql", "application/json", "{\"query\":\"{me{id}}\"}").await,
    ]
}

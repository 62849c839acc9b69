//! An issuer that changes its keys without telling: the first token of the new key is good.

use std::sync::Arc;

use annals_api::auth::{Expectations, IssuerKeys, KeySet, Verifier};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::world::{base64, sign};
use crate::support::{Service, claims};

/// The issuer's new key, which nobody knows yet.
struct Key(Ed25519KeyPair);

impl Key {
    fn token(&self) -> String {
        let header = r#"{"alg":"EdDSA","kid":"new"}"#;
        let claims = claims("ann", "acme", "user").to_string();
        sign(header, &claims, |message| self.0.sign(message).as_ref().to_vec())
    }

    fn published(&self) -> KeySet {
        let x = base64(self.0.public_key());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "new", "x": x });
        KeySet::read(json!({ "keys": [key] }).to_string().as_bytes()).unwrap()
    }
}

async fn service(keys: &Arc<IssuerKeys>) -> Service {
    let verifier = Verifier::new(&[], None, &Expectations::default()).unwrap();
    Service::with(verifier.with_issuer(Arc::clone(keys)), |_| {}).await
}

#[tokio::test]
async fn the_first_request_after_the_issuer_changed_its_key_is_answered() {
    let key = Key(Ed25519KeyPair::generate().unwrap());
    let keys = Arc::new(IssuerKeys::new(SignedDuration::from_hours(1)));
    let service = service(&keys).await;
    let (token, published) = (key.token(), key.published());
    // It is asked only when the token is there, and answers while the request waits.
    let issuer = async {
        keys.wanted().await;
        keys.take(published, Timestamp::now());
    };
    let (answer, ()) = tokio::join!(service.get("/api/v1/logs", &token), issuer);
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_well_lets_nobody_in_and_is_not_waited_for_again() {
    let key = Key(Ed25519KeyPair::generate().unwrap());
    let keys = Arc::new(IssuerKeys::new(SignedDuration::from_hours(1)));
    let service = service(&keys).await;
    let token = key.token();
    let issuer = async {
        keys.wanted().await;
        keys.fail();
    };
    let (answer, ()) = tokio::join!(service.get("/api/v1/logs", &token), issuer);
    assert_eq!(answer.status, 401);
    // Nobody answers now, and nobody is asked so soon.
    assert_eq!(service.get("/api/v1/logs", &token).await.status, 401);
}

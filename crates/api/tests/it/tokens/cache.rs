//! Tokens that were verified before.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use annals_api::auth::TokenError;
use jiff::Timestamp;
use serde_json::json;

use super::world::{SKEW, World, resigned};

/// Tokens that are measured.
const COUNT: u32 = 200;

#[test]
fn a_token_that_was_verified_before_ends_when_it_says() {
    let world = World::new();
    let clock = Arc::new(AtomicI64::new(world.now));
    let told = Arc::clone(&clock);
    let now = move || Timestamp::from_second(told.load(Ordering::SeqCst)).unwrap();
    let verifier = world.verifier(|_| {}).with_clock(Arc::new(now));
    let token = world.with(json!({ "exp": world.now + 100, "nbf": world.now - 50, "iat": 1 }));
    let at = |second: i64| {
        clock.store(world.now + second, Ordering::SeqCst);
        verifier.verify(&token).map(|claims| claims.sub)
    };
    for second in [0, 50, 99, 100 + SKEW - 1] {
        assert_eq!(at(second).unwrap(), "ann");
    }
    for second in [100 + SKEW, 101 + SKEW, 100_000] {
        assert!(matches!(at(second), Err(TokenError::Expired)), "{second}");
    }
    // A clock that was set back far enough finds a token that does not hold yet.
    assert!(at(-50 - SKEW).is_ok());
    assert!(at(-50 - SKEW - 1).is_err());
}

#[test]
fn what_was_verified_before_is_told_whole() {
    let world = World::new();
    let verifier = world.verifier(|_| {});
    let token = world.with(json!({ "jti": "7b1c", "tenant": ["acme", "globex"] }));
    let first = verifier.verify(&token).unwrap();
    assert_eq!(first.jti.as_deref(), Some("7b1c"));
    assert_eq!(first.iat, Some(world.now));
    assert_eq!(verifier.verify(&token).unwrap(), first);
}

#[test]
fn a_token_is_not_taken_for_another_that_was_verified_before() {
    let world = World::new();
    let verifier = world.verifier(|_| {});
    let token = world.eddsa(r#"{"alg":"EdDSA","kid":"eddsa"}"#, &world.good());
    verifier.verify(&token).unwrap();
    let changed = resigned(&token, |mut signature| {
        signature[40] ^= 1;
        signature
    });
    for _ in 0..3 {
        assert!(matches!(verifier.verify(&changed), Err(TokenError::Signature)));
    }
    verifier.verify(&token).unwrap();
}

#[test]
fn a_verified_token_is_told_again_much_faster_than_it_is_verified() {
    let world = World::new();
    let verifier = world.verifier(|_| {});
    let good = |number: u32| world.claims(json!({ "sub": format!("s{number}") }));
    let of: [(&str, &dyn Fn(u32) -> String); 4] = [
        ("HS256", &|number| world.hs256(r#"{"alg":"HS256"}"#, &good(number))),
        ("RS256", &|number| world.rs256(r#"{"alg":"RS256","kid":"rs256"}"#, &good(number))),
        ("ES256", &|number| world.es256(r#"{"alg":"ES256","kid":"es256"}"#, &good(number))),
        ("EdDSA", &|number| world.eddsa(r#"{"alg":"EdDSA","kid":"eddsa"}"#, &good(number))),
    ];
    for (algorithm, token) in of {
        let tokens: Vec<String> = (0..COUNT).map(token).collect();
        let pass = || {
            let start = Instant::now();
            for token in &tokens {
                verifier.verify(token).unwrap();
            }
            start.elapsed()
        };
        let first = pass();
        let again = (0..5).map(|_| pass()).min().unwrap();
        println!("{algorithm}: verified in {:?}, told again in {:?}", first / COUNT, again / COUNT);
        assert!(again < first, "{algorithm}: {again:?} {first:?}");
    }
}

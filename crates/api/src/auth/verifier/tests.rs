//! How long an unknown key is waited for.

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use tokio::time::Instant;

use super::*;

fn token() -> String {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let header = encode(r#"{"alg":"EdDSA","kid":"unknown"}"#);
    format!("{header}.{}.{}", encode("{}"), BASE64URL_NOPAD.encode(&[0; 64]))
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_says_nothing_is_waited_for_no_longer_than_meant() {
    let keys = Arc::new(IssuerKeys::new(SignedDuration::from_hours(1)));
    let verifier = Verifier::new(&[], None, &Expectations::default()).unwrap();
    let verifier = verifier.with_issuer(keys);
    let begun = Instant::now();
    assert!(matches!(verifier.verify_patiently(&token()).await, Err(TokenError::NoKey)));
    assert!(begun.elapsed() >= ISSUER_PATIENCE);
    assert!(begun.elapsed() < 2 * ISSUER_PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_another_reason_is_refused_at_once() {
    let keys = Arc::new(IssuerKeys::new(SignedDuration::from_hours(1)));
    let verifier = Verifier::new(&[], None, &Expectations::default()).unwrap();
    let verifier = verifier.with_issuer(keys);
    let begun = Instant::now();
    for token in ["", "a.b.c", "no token at all"] {
        assert!(verifier.verify_patiently(token).await.is_err());
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

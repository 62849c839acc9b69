pub(super) mod issuer;

use std::sync::atomic::{AtomicI64, Ordering};

use annals_api::auth::{Expectations, TokenError, Verifier};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::*;
use issuer::{Answer, Issuer, Signer, key_set};

/// When these tests begin.
const START: i64 = 1_800_000_000;
const HOUR: i64 = 3600;

/// A verifier whose issuer is asked over HTTP, and whose clock stands still.
struct Setting {
    issuer: Issuer,
    verifier: Verifier,
    keys: Arc<IssuerKeys>,
    clock: Arc<AtomicI64>,
    stopping: CancellationToken,
}

impl Setting {
    /// The issuer answers so from the start on.
    async fn start(answer: Answer) -> Self {
        let issuer = Issuer::start(answer).await;
        let clock = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&clock);
        let now: Now =
            Arc::new(move || Timestamp::from_second(told.load(Ordering::SeqCst)).unwrap());
        let keys = Arc::new(IssuerKeys::new(SignedDuration::from_hours(24)));
        let fetcher = Fetcher {
            source: Source::new(&issuer.url("/jwks.json"), false).unwrap(),
            keys: Arc::clone(&keys),
            refresh: Duration::from_secs(3600),
            now: Arc::clone(&now),
        };
        let stopping = CancellationToken::new();
        let first = keys.next_answer();
        tokio::spawn(fetcher.run(stopping.clone()));
        timeout(Duration::from_secs(20), first).await.unwrap();
        let verifier = Verifier::new(&[], None, &Expectations::default()).unwrap();
        let verifier = verifier.with_issuer(Arc::clone(&keys)).with_clock(now);
        Self { issuer, verifier, keys, clock, stopping }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Verifies a token, and waits for the issuer where that is needed.
    async fn verify(&self, token: &str) -> Result<String, TokenError> {
        let verified = timeout(Duration::from_secs(20), self.verifier.verify_patiently(token));
        verified.await.unwrap().map(|claims| claims.sub)
    }

    /// A token that holds for ten days.
    fn token(&self, signer: &Signer) -> String {
        signer.token(START + 240 * HOUR)
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

#[tokio::test]
async fn a_new_key_is_taken_at_its_first_token_and_a_removed_key_is_refused() {
    let (old, new) = (Signer::new("2025"), Signer::new("2026"));
    let setting = Setting::start(key_set(&[&old])).await;
    let (by_old, by_new) = (setting.token(&old), setting.token(&new));
    assert_eq!(setting.verify(&by_old).await.unwrap(), "ann");
    assert_eq!(setting.issuer.requests(), 1);
    setting.issuer.answer(key_set(&[&old, &new]));
    assert_eq!(setting.verify(&by_new).await.unwrap(), "ann");
    assert_eq!(setting.verify(&by_old).await.unwrap(), "ann");
    assert_eq!(setting.issuer.requests(), 2);
    // The old key goes: its tokens are no longer good, also those that were verified before.
    setting.issuer.answer(key_set(&[&new]));
    setting.pass(31);
    assert!(setting.verify(&setting.token(&Signer::new("unknown"))).await.is_err());
    assert_eq!(setting.issuer.requests(), 3);
    assert!(matches!(setting.verify(&by_old).await, Err(TokenError::NoKey)));
    assert_eq!(setting.verify(&by_new).await.unwrap(), "ann");
}

#[tokio::test]
async fn a_key_that_is_exchanged_under_its_name_takes_the_old_tokens_with_it() {
    let (old, new) = (Signer::new("the key"), Signer::new("the key"));
    let setting = Setting::start(key_set(&[&old])).await;
    let by_old = setting.token(&old);
    setting.verify(&by_old).await.unwrap();
    setting.issuer.answer(key_set(&[&new]));
    let _ = setting.verify(&setting.token(&Signer::new("unknown"))).await;
    assert!(matches!(setting.verify(&by_old).await, Err(TokenError::Signature)));
    setting.verify(&setting.token(&new)).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_issuer_once_in_thirty_seconds() {
    let known = Signer::new("known");
    let setting = Setting::start(key_set(&[&known])).await;
    let signer = Signer::new("unknown");
    for number in 0..50 {
        let token = signer.token_named(&format!("unknown {number}"), START + HOUR);
        assert!(matches!(setting.verify(&token).await, Err(TokenError::NoKey)));
    }
    // Once at the start, and once for all of the flood.
    assert_eq!(setting.issuer.requests(), 2);
    setting.pass(29);
    let _ = setting.verify(&setting.token(&signer)).await;
    assert_eq!(setting.issuer.requests(), 2);
    setting.pass(1);
    let _ = setting.verify(&setting.token(&signer)).await;
    assert_eq!(setting.issuer.requests(), 3);
    // Good tokens cost the issuer nothing, nor do those that are bad for another reason.
    setting.pass(60);
    setting.verify(&setting.token(&known)).await.unwrap();
    for bad in ["", "a.b.c", &setting.token(&Signer::new("known")), &known.token(START)] {
        assert!(setting.verify(bad).await.is_err());
    }
    assert_eq!(setting.issuer.requests(), 3);
}

#[tokio::test]
async fn keys_go_on_while_the_issuer_is_gone_until_they_are_stale() {
    let signer = Signer::new("a");
    let setting = Setting::start(key_set(&[&signer])).await;
    let token = setting.token(&signer);
    for broken in [
        Answer::of(500, "oops"),
        Answer::of(200, "<html>"),
        Answer::of(200, "{}"),
        Answer::of(404, ""),
        Answer::of(200, &" ".repeat(300_000)),
    ] {
        setting.issuer.answer(broken);
        setting.pass(HOUR);
        let before = setting.issuer.requests();
        let _ = setting.verify(&setting.token(&Signer::new("unknown"))).await;
        assert_eq!(setting.issuer.requests(), before + 1);
        setting.verify(&token).await.unwrap();
    }
    setting.pass(19 * HOUR - 1);
    setting.verify(&token).await.unwrap();
    setting.pass(1);
    assert!(matches!(setting.verify(&token).await, Err(TokenError::NoKey)));
    // The issuer is back.
    setting.issuer.answer(key_set(&[&signer]));
    setting.pass(30);
    setting.verify(&token).await.unwrap();
}

#[tokio::test]
async fn a_start_without_the_issuer_refuses_its_tokens_until_it_answers() {
    let signer = Signer::new("a");
    let setting = Setting::start(Answer::of(503, "")).await;
    let token = setting.token(&signer);
    assert!(matches!(setting.verify(&token).await, Err(TokenError::NoKey)));
    setting.issuer.answer(key_set(&[&signer]));
    setting.pass(30);
    setting.verify(&token).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_publishes_no_keys_any_more_lets_nobody_in() {
    let signer = Signer::new("a");
    let setting = Setting::start(key_set(&[&signer])).await;
    let token = setting.token(&signer);
    setting.verify(&token).await.unwrap();
    setting.issuer.answer(key_set(&[]));
    let _ = setting.verify(&setting.token(&Signer::new("unknown"))).await;
    assert!(matches!(setting.verify(&token).await, Err(TokenError::NoKey)));
}

#[tokio::test]
async fn keys_that_a_token_brings_or_points_to_are_not_looked_at() {
    let signer = Signer::new("a");
    let setting = Setting::start(key_set(&[&signer])).await;
    let evil = Signer::new("evil");
    let elsewhere = Issuer::start(key_set(&[&evil])).await;
    setting.pass(60);
    for member in [
        format!(r#""jku":"{}""#, elsewhere.url("/jwks.json")),
        format!(r#""x5u":"{}""#, elsewhere.url("/cert.pem")),
        format!(r#""jwk":{}"#, evil.jwk()),
        r#""x5c":["MIIB"]"#.to_owned(),
    ] {
        let header = |kid: &str| format!(r#"{{"alg":"EdDSA","kid":"{kid}",{member}}}"#);
        let end = START + HOUR;
        assert!(setting.verify(&evil.token_under(&header("evil"), end)).await.is_err());
        assert!(setting.verify(&evil.token_under(&header("a"), end)).await.is_err());
        // They do no harm where the signature is one of a known key.
        setting.verify(&signer.token_under(&header("a"), end)).await.unwrap();
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn a_fetcher_stops_when_told() {
    let setting = Setting::start(key_set(&[])).await;
    setting.stopping.cancel();
    let stopped = async {
        while Arc::strong_count(&setting.keys) > 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), stopped).await.unwrap();
}

#[test]
fn failed_attempts_are_repeated_sooner_and_then_less_often() {
    let seconds = |failures| pause(Duration::from_secs(300), failures).as_secs();
    let pauses: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 100, u32::MAX].map(seconds).into();
    assert_eq!(pauses, [300, 5, 10, 20, 40, 60, 60, 60, 60]);
    assert_eq!(pause(Duration::from_secs(30), 9).as_secs(), 30);
}

use crate::configuration::Settings;

use super::*;

fn auth(change: impl FnOnce(&mut AuthSettings)) -> AuthSettings {
    let mut auth = Settings::load(None).unwrap().auth;
    change(&mut auth);
    auth
}

async fn refusal(change: impl FnOnce(&mut AuthSettings)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(&auth(change), dir.path(), &CancellationToken::new()).await;
    assert!(!dir.path().join("token.secret").exists());
    format!("{:#}", opened.err().unwrap())
}

#[tokio::test]
async fn settings_that_make_no_sense_stop_the_start_and_are_named() {
    assert!(refusal(|a| a.clock_skew_seconds = 301).await.contains("clock_skew_seconds"));
    assert!(refusal(|a| a.jwks_refresh_seconds = 29).await.contains("jwks_refresh_seconds"));
    assert!(refusal(|a| a.jwks_refresh_seconds = 86_401).await.contains("jwks_refresh_seconds"));
    assert!(refusal(|a| a.jwks_stale_seconds_max = 299).await.contains("jwks_stale_seconds_max"));
    assert!(refusal(|a| a.jwks_stale_seconds_max = 604_801).await.contains("stale_seconds_max"));
    assert!(refusal(|a| a.jwks_url = "http://idp.example/".into()).await.contains("jwks_url"));
    assert!(refusal(|a| a.jwks_url = "https://10.0.0.1/".into()).await.contains("allow_private"));
}

#[tokio::test]
async fn the_development_secret_is_made_only_where_no_other_key_is_configured() {
    let stopping = CancellationToken::new();
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("token.secret");
    // Nobody listens on port 1: a start without an answer is no failure.
    let with_issuer = auth(|a| a.jwks_url = "http://127.0.0.1:1/jwks.json".into());
    open(&with_issuer, dir.path(), &stopping).await.unwrap();
    assert!(!secret.exists());
    open(&auth(|_| {}), dir.path(), &stopping).await.unwrap();
    assert!(secret.exists());
    stopping.cancel();
}

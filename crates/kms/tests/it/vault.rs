//! The transit engine of Vault, as a protocol double answers it.

use annals_kms::{VaultSettings, VaultTransit};
use annals_ports::MasterKeys;
use annals_record::RootKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::double::{Asked, Double};

const TOKEN: &str = "s.token";

/// What the transit engine answers, after its documentation: the ciphertext is bound to its associated data.
fn transit(double: &Double, asked: &Asked) -> (u16, String) {
    let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
    let error = |status, message: &str| (status, json!({"errors": [message]}).to_string());
    if asked.headers.get("x-vault-token").is_none_or(|token| token != TOKEN) {
        return error(403, "permission denied");
    }
    let mut wrapped = double.wrapped.lock().unwrap();
    match asked.path.as_str() {
        "/v1/transit/encrypt/annals" => {
            let name = format!("vault:v1:{}", wrapped.len());
            wrapped.insert(name.clone(), (text("plaintext"), text("associated_data")));
            (200, json!({"data": {"ciphertext": name, "key_version": 1}}).to_string())
        }
        "/v1/transit/decrypt/annals" => match wrapped.get(&text("ciphertext")) {
            Some((plaintext, bound)) if *bound == text("associated_data") => {
                (200, json!({"data": {"plaintext": plaintext}}).to_string())
            }
            _ => error(400, "cipher: message authentication failed"),
        },
        _ => error(404, "no handler for route"),
    }
}

fn vault(address: &str, key: &str, token: &str) -> VaultTransit {
    VaultTransit::new(VaultSettings {
        address: address.to_owned(),
        mount: "transit".into(),
        key: key.into(),
        token: Zeroizing::new(token.to_owned()),
    })
    .unwrap()
}

fn root() -> RootKey {
    RootKey::from_bytes([7; 32])
}

#[tokio::test]
async fn a_root_key_comes_back_from_vault_under_its_context_alone() {
    let (double, address) = Double::start(transit).await;
    let vault = vault(&address, "annals", TOKEN);
    assert_eq!((vault.provider(), vault.key_id().as_str()), ("vault", "transit/annals"));
    let sealed = vault.wrap(&[1; 32], &root()).await.unwrap();
    assert_eq!(vault.unwrap(&[1; 32], &sealed).await.unwrap().expose(), root().expose());
    let error = vault.unwrap(&[2; 32], &sealed).await.unwrap_err();
    assert!(error.to_string().contains("restore the key store"), "{error}");
    let asked = double.asked();
    assert_eq!(asked[0].method, "POST");
    assert_eq!(asked[0].body["plaintext"], "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    assert_eq!(asked[1].body["ciphertext"], "vault:v1:0");
    assert_eq!(asked[1].body["associated_data"], asked[0].body["associated_data"]);
    assert_eq!(asked.len(), 3, "what is refused is not asked again");
}

#[tokio::test]
async fn what_vault_refuses_is_said_with_what_to_do() {
    let (_double, address) = Double::start(transit).await;
    for (key, token, advice) in
        [("annals", "wrong", "keys.vault_token_file"), ("other", TOKEN, "keys.vault_key")]
    {
        let error = vault(&address, key, token).wrap(&[1; 32], &root()).await.unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
        assert!(!format!("{error:?}").contains(token), "the token is not shown");
    }
}

#[tokio::test]
async fn a_vault_that_is_busy_is_asked_again_a_few_times() {
    let (double, address) = Double::start(transit).await;
    let vault = vault(&address, "annals", TOKEN);
    double.fail(3, 503, "sealed");
    vault.wrap(&[1; 32], &root()).await.unwrap();
    assert_eq!(double.asked().len(), 4);
    double.fail(4, 503, "sealed");
    let error = vault.wrap(&[1; 32], &root()).await.unwrap_err();
    assert!(error.to_string().contains("unseal"), "{error}");
    assert_eq!(double.asked().len(), 8, "and no more often");
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let (double, address) = Double::start(transit).await;
    let vault = vault(&address, "annals", TOKEN);
    let sealed = vault.wrap(&[1; 32], &root()).await.unwrap();
    let short = r#"{"data":{"plaintext":"AAEC"}}"#;
    let too_long = " ".repeat(64 * 1024 + 1);
    for body in ["", "{}", r#"{"data":{}}"#, r#"{"data":{"plaintext":"%"}}"#, short, &too_long] {
        double.fail(1, 200, body);
        vault.unwrap(&[1; 32], &sealed).await.unwrap_err();
    }
    let fits = format!("{}{short}", " ".repeat(64 * 1024 - short.len()));
    double.fail(1, 200, &fits);
    let error = vault.unwrap(&[1; 32], &sealed).await.unwrap_err();
    assert!(error.to_string().contains("not one of the transit engine"), "it was read: {error}");
}

#[tokio::test]
async fn where_nobody_listens_is_said() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = vault(&address, "annals", TOKEN).wrap(&[1; 32], &root()).await.unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
}

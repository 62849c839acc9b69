//! When there is a playground, and what stops the start.

use annals_api::auth::KeySettings;
use annals_domain::limits::Limits;

use super::parts;
use crate::configuration::Settings;

fn playground(listen: &str, change: impl FnOnce(&mut Settings)) -> anyhow::Result<bool> {
    let mut settings = Settings::load(None).unwrap();
    change(&mut settings);
    parts(&settings, &Limits::shipped(), listen).map(|parts| parts.playground)
}

fn with_issuer(settings: &mut Settings) {
    settings.auth.jwks_url = "https://idp.example/keys".into();
}

fn with_key(settings: &mut Settings) {
    let key = r#"{ "algorithm": "ES256", "file": "issuer.pem" }"#;
    settings.auth.keys = vec![serde_json::from_str::<KeySettings>(key).unwrap()];
}

#[test]
fn the_playground_is_there_for_who_tries_annals_out_and_for_nobody_else() {
    for listen in ["127.0.0.1:8080", "127.1.2.3:0", "[::1]:8080", "localhost:8080"] {
        assert!(playground(listen, |_| {}).unwrap(), "{listen}");
        assert!(!playground(listen, with_issuer).unwrap(), "{listen}");
        assert!(!playground(listen, with_key).unwrap(), "{listen}");
    }
    for listen in
        ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "example.com:80", "localhost.example:1"]
    {
        assert!(!playground(listen, |_| {}).unwrap(), "{listen}");
        assert!(playground(listen, |settings| settings.graphql.playground = true).unwrap());
    }
}

#[test]
fn trusted_documents_need_a_directory_and_leave_no_playground() {
    let trusted = |directory: &std::path::Path, playground| {
        let directory = directory.to_owned();
        move |settings: &mut Settings| {
            settings.graphql.documents = annals_api::graphql::DocumentMode::Trusted;
            settings.graphql.documents_dir = directory;
            settings.graphql.playground = playground;
        }
    };
    let directory = tempfile::tempdir().unwrap();
    let told = |result: anyhow::Result<bool>| format!("{:#}", result.unwrap_err());
    let loopback = "127.0.0.1:8080";
    assert!(!playground(loopback, trusted(directory.path(), false)).unwrap());
    let message = told(playground(loopback, trusted(directory.path(), true)));
    assert!(message.contains("turn off one"), "{message}");
    let message = told(playground(loopback, trusted("".as_ref(), false)));
    assert!(message.contains("documents_dir"), "{message}");
    std::fs::write(directory.path().join("Bad.graphql"), "{").unwrap();
    let message = told(playground(loopback, trusted(directory.path(), false)));
    assert!(message.contains("Bad.graphql"), "{message}");
}

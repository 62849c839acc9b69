//! Which document an operation means.

use annals_domain::TenantId;
use annals_domain::limits::Limits;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::{DocumentMode, Documents, Found, TrustedDocuments, hash_of};
use crate::graphql::failure::Refused;
use crate::graphql::operation::Operation;

const TRUSTED: &str = "query Me { me { id } }";
const OTHER: &str = "{ me { id } }";

fn documents(mode: DocumentMode) -> Documents {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("Me.graphql"), TRUSTED).unwrap();
    let limits = Limits::shipped().request;
    let trusted = TrustedDocuments::read(directory.path(), &limits).unwrap();
    Documents::new(mode, trusted, &limits)
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(&hash_of(text))
}

fn agreed(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

fn find(documents: &Documents, operation: Value, tenant: &str) -> Result<Found, String> {
    let mut operation: Operation = serde_json::from_value(operation).unwrap();
    documents.find(&mut operation, &TenantId::new(tenant).unwrap()).map_err(|refused| match refused
    {
        Refused::Request(error) => error.code.as_str().to_owned(),
        Refused::Document(response) => {
            let extensions = response.errors[0].extensions.as_ref().unwrap();
            extensions.get("code").unwrap().to_string().trim_matches('"').to_owned()
        }
    })
}

#[test]
fn a_document_that_was_sent_with_its_hash_is_found_by_it_later_in_its_tenant() {
    let documents = documents(DocumentMode::Open);
    let acme = TenantId::new("acme").unwrap();
    let by_hash = json!({ "extensions": agreed(&hex(OTHER)) });
    let not_found = Err("PERSISTED_QUERY_NOT_FOUND".to_owned());
    let text = |found: Result<Found, String>| found.map(|found| found.text.to_string());
    assert_eq!(text(find(&documents, by_hash.clone(), "acme")), not_found);
    let both = json!({ "query": OTHER, "extensions": agreed(&hex(OTHER).to_uppercase()) });
    let found = find(&documents, both, "acme").unwrap();
    documents.keep(&found, &acme);
    assert_eq!(text(find(&documents, by_hash.clone(), "acme")), Ok(OTHER.into()));
    assert_eq!(text(find(&documents, by_hash, "globex")), not_found);
    // Without a hash nothing is kept.
    let plain = find(&documents, json!({ "query": "{ eventTypes { name } }" }), "acme").unwrap();
    documents.keep(&plain, &acme);
    let by_hash = json!({ "extensions": agreed(&hex("{ eventTypes { name } }")) });
    assert_eq!(text(find(&documents, by_hash, "acme")), not_found);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let documents = documents(DocumentMode::Open);
    let id = |text: &str| format!("sha256:{}", hex(text));
    for (operation, code) in [
        (json!({}), "BAD_USER_INPUT"),
        (json!({ "query": OTHER, "extensions": agreed(&hex(TRUSTED)) }), "BAD_USER_INPUT"),
        (json!({ "query": OTHER, "documentId": id(TRUSTED) }), "BAD_USER_INPUT"),
        (json!({ "documentId": id(TRUSTED), "extensions": agreed(&hex(OTHER)) }), "BAD_USER_INPUT"),
        (json!({ "documentId": hex(TRUSTED) }), "BAD_USER_INPUT"),
        (json!({ "documentId": "sha256:00" }), "BAD_USER_INPUT"),
        (json!({ "documentId": "" }), "BAD_USER_INPUT"),
        (json!({ "documentId": id(OTHER) }), "DOCUMENT_NOT_FOUND"),
        (json!({ "extensions": agreed("é".repeat(32).as_str()) }), "BAD_USER_INPUT"),
        (json!({ "extensions": { "persistedQuery": { "version": 1 } } }), "BAD_USER_INPUT"),
        (json!({ "extensions": { "persistedQuery": 5 } }), "PERSISTED_QUERY_NOT_SUPPORTED"),
        (
            json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": "" } } }),
            "PERSISTED_QUERY_NOT_SUPPORTED",
        ),
    ] {
        let refused = find(&documents, operation.clone(), "acme").unwrap_err();
        assert_eq!(refused, code, "{operation}");
    }
    for operation in [
        json!({ "query": OTHER, "extensions": { "persistedQuery": null, "other": 1 } }),
        json!({ "documentId": id(TRUSTED) }),
        json!({ "query": TRUSTED, "documentId": id(TRUSTED) }),
        json!({ "documentId": id(TRUSTED), "extensions": agreed(&hex(TRUSTED)) }),
    ] {
        assert!(find(&documents, operation.clone(), "acme").is_ok(), "{operation}");
    }
}

#[test]
fn in_the_trusted_mode_nothing_runs_but_what_is_trusted_however_it_is_named() {
    let documents = documents(DocumentMode::Trusted);
    let acme = TenantId::new("acme").unwrap();
    for operation in [
        json!({ "query": OTHER }),
        json!({ "query": OTHER, "extensions": agreed(&hex(OTHER)) }),
        json!({ "query": format!("{TRUSTED} ") }),
        json!({ "extensions": agreed(&hex(OTHER)) }),
        json!({ "documentId": format!("sha256:{}", hex(OTHER)) }),
    ] {
        let refused = find(&documents, operation.clone(), "acme").unwrap_err();
        assert_eq!(refused, "DOCUMENT_NOT_TRUSTED", "{operation}");
    }
    for operation in [
        json!({ "query": TRUSTED }),
        json!({ "query": TRUSTED, "extensions": agreed(&hex(TRUSTED)) }),
        json!({ "extensions": agreed(&hex(TRUSTED)) }),
        json!({ "documentId": format!("sha256:{}", hex(TRUSTED)) }),
    ] {
        let found = find(&documents, operation.clone(), "acme").unwrap();
        assert_eq!(&*found.text, TRUSTED, "{operation}");
        documents.keep(&found, &acme);
    }
}

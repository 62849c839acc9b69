//! Reading the directory.

use annals_domain::limits::Limits;

use super::super::hash_of;
use super::{DocumentsError, TrustedDocuments};

#[test]
fn every_document_is_found_by_the_hash_of_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let text = "query Me { me { id } }\n";
    std::fs::write(directory.path().join("Me.graphql"), text).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "{ not a document").unwrap();
    let documents = TrustedDocuments::read(directory.path(), &Limits::shipped().request).unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents.get(&hash_of(text)).as_deref(), Some(text));
    assert!(documents.get(&hash_of(text.trim())).is_none(), "the file as it is, to the byte");
}

#[test]
fn what_could_not_run_stops_the_start_by_name() {
    let limits = Limits::shipped().request;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("Broken.graphql");
    for bad in ["", "query {", &format!("{{ a(x: {}) }}", "[".repeat(100))] {
        std::fs::write(&path, bad).unwrap();
        let error = TrustedDocuments::read(directory.path(), &limits).unwrap_err();
        assert!(matches!(error, DocumentsError::NotADocument { .. }), "{error}");
        assert!(error.to_string().contains("Broken.graphql"), "{error}");
    }
    std::fs::write(&path, b"\xff").unwrap();
    let error = TrustedDocuments::read(directory.path(), &limits).unwrap_err();
    assert!(matches!(error, DocumentsError::Unreadable { .. }), "{error}");
    let nowhere = directory.path().join("nowhere");
    assert!(TrustedDocuments::read(&nowhere, &limits).is_err());
}

use super::*;

fn folder() -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::open(dir.path().join("a b/c").to_str().unwrap(), Access::Write).unwrap();
    (dir, place)
}

#[tokio::test]
async fn the_first_who_puts_a_new_object_wins() {
    let (_dir, place) = folder();
    assert!(place.put_new("pieces/1-2.parquet", "first").await.unwrap());
    assert!(!place.put_new("pieces/1-2.parquet", "second").await.unwrap());
    assert_eq!(place.get("pieces/1-2.parquet", 5).await.unwrap().unwrap(), "first");
}

#[tokio::test]
async fn an_object_can_be_replaced_and_deleted() {
    let (_dir, place) = folder();
    place.put("lock", "one").await.unwrap();
    place.put("lock", "other").await.unwrap();
    assert_eq!(place.get("lock", 5).await.unwrap().unwrap(), "other");
    place.delete("lock").await.unwrap();
    place.delete("lock").await.unwrap();
    assert_eq!(place.get("lock", 5).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_that_is_too_large_is_not_read() {
    let (_dir, place) = folder();
    place.put("some", "12345").await.unwrap();
    assert!(place.get("some", 5).await.unwrap().is_some());
    let error = place.get("some", 4).await.unwrap_err();
    assert!(matches!(error, ObjectError::TooLarge { bytes: 5, bytes_max: 4, .. }), "{error}");
}

#[tokio::test]
async fn objects_are_listed_by_name_within_a_folder() {
    let (_dir, place) = folder();
    for name in ["pieces/b", "pieces/a/c", "snapshots/x", "piecesother"] {
        place.put(name, "123").await.unwrap();
    }
    let listed = place.list("pieces").await.unwrap();
    let named = |name: &str| Listed { name: name.into(), bytes: 3 };
    assert_eq!(listed, [named("pieces/a/c"), named("pieces/b")]);
    assert_eq!(place.list("keys").await.unwrap(), []);
}

#[test]
fn a_folder_is_opened_by_path_and_by_url() {
    let (dir, place) = folder();
    assert!(place.url().starts_with("file:///"), "{}", place.url());
    Place::open(&format!("file://{}/a%20b/c", dir.path().display()), Access::Read).unwrap();
    let missing = dir.path().join("missing");
    let error = Place::open(missing.to_str().unwrap(), Access::Read).unwrap_err();
    assert!(matches!(error, OpenPlaceError::Folder { .. }), "{error}");
    assert!(!missing.exists(), "who reads makes nothing");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_made_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, _place) = folder();
    let mode = dir.path().join("a b/c").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn an_address_of_another_kind_is_refused_without_telling_its_secrets() {
    for address in ["ftp://user:secret@host/dir?key=secret", "http://host/dir", "memory:///"] {
        let error = Place::open(address, Access::Write).unwrap_err().to_string();
        assert!(error.contains("names no place"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn object_stores_are_opened_by_url() {
    for url in ["s3://bucket/some/where", "gs://bucket/some/where"] {
        let place = Place::open(url, Access::Write).unwrap();
        assert_eq!(place.path("pieces/1").as_ref(), "some/where/pieces/1");
        assert_eq!(place.url(), url);
    }
}

use super::*;

fn checkpoint(size: u64, root: &str, signatures: &str) -> OutgoingCheckpoint {
    let origin = "log.test/annals/2026".to_owned();
    let note = format!("{origin}\n{size}\n{root}\n\n{signatures}\n");
    OutgoingCheckpoint { origin, shard: "2026".to_owned(), size, note }
}

#[tokio::test]
async fn each_size_is_a_file_and_the_same_again_may_have_more_signatures() {
    let dir = tempfile::tempdir().unwrap();
    let sink = DirectorySink::new("vault", dir.path().to_owned());
    for (size, signatures) in [(7, "one"), (9, "one"), (9, "one\ntwo")] {
        sink.put(&checkpoint(size, "root", signatures)).await.unwrap();
        let written = fs::read_to_string(dir.path().join(format!("2026-{size}"))).unwrap();
        assert_eq!(written, checkpoint(size, "root", signatures).note);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn another_tree_of_the_same_size_is_told_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let sink = DirectorySink::new("vault", dir.path().to_owned());
    sink.put(&checkpoint(7, "root", "one")).await.unwrap();
    let error = sink.put(&checkpoint(7, "other", "one")).await.unwrap_err();
    assert!(error.source.to_string().contains("two logs"), "{:?}", error.source);
    let kept = fs::read_to_string(dir.path().join("2026-7")).unwrap();
    assert_eq!(kept, checkpoint(7, "root", "one").note);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("mount");
    let sink = DirectorySink::new("vault", gone.clone());
    assert!(sink.put(&checkpoint(7, "root", "one")).await.is_err());
    assert!(!gone.exists());
}

//! Whatever is changed in a repository is found.

use super::*;

async fn with_everything() -> (tempfile::TempDir, Place, Log) {
    let (dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    log.remove(&[2, 3]);
    back_up(&place, &mut log, &verified()).await.unwrap();
    log.append_many(3);
    back_up(&place, &mut log, &verified()).await.unwrap();
    (dir, place, log)
}

async fn objects(place: &Place) -> Vec<String> {
    let mut names = vec!["annals-backup.json".to_owned()];
    for folder in ["pieces", "removals", "keys", "snapshots"] {
        let listed = place.list(folder).await.unwrap();
        assert!(!listed.is_empty(), "{folder}");
        names.extend(listed.into_iter().map(|object| object.name));
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_wherever_it_is() {
    let (_dir, place, _) = with_everything().await;
    let newest = repository(&place).await.snapshots().await.unwrap().pop().unwrap();
    for name in objects(&place).await {
        // The keys of an older snapshot are of no use for the newest.
        if name.starts_with("keys/") && name != newest.keys {
            continue;
        }
        let whole = place.get(&name, 1 << 20).await.unwrap().unwrap();
        let step = (whole.len() / 40).max(1);
        for at in (0..whole.len()).step_by(step) {
            let mut changed = whole.to_vec();
            changed[at] ^= 1;
            place.put(&name, changed).await.unwrap();
            let outcome = restored(&place, Point::Newest).await;
            assert!(outcome.is_err(), "byte {at} of {name}");
        }
        place.put(&name, whole).await.unwrap();
    }
    restored(&place, Point::Newest).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let (_dir, place, _) = with_everything().await;
    for piece in place.list("pieces").await.unwrap() {
        let whole = place.get(&piece.name, 1 << 20).await.unwrap().unwrap();
        place.delete(&piece.name).await.unwrap();
        let error = restored(&place, Point::Newest).await.err().unwrap().to_string();
        assert!(error.contains(&piece.name), "{error}");
        place.put(&piece.name, whole).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_cannot_stand_for_another() {
    let (_dir, place, _) = with_everything().await;
    let snapshots = place.list("snapshots").await.unwrap();
    let older = place.get(&snapshots[0].name, 1 << 20).await.unwrap().unwrap();
    place.put(&snapshots[1].name, older).await.unwrap();
    let error = restored(&place, Point::Newest).await.err().unwrap();
    let found = RepositoryError::Seal(SealError::Changed { name: snapshots[1].name.clone() });
    assert_eq!(error.to_string(), found.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_and_another_log_are_refused() {
    let (_dir, place, _) = with_everything().await;
    let other = RootKey::from_bytes([4; 32]);
    let error = Repository::open(place.clone(), &other).await.err().unwrap();
    assert!(matches!(error, RepositoryError::OtherMasterKey(_)), "{error}");
    let made = Repository::open_or_make(place, &root(), "other", Timestamp::now()).await;
    assert!(matches!(made.err().unwrap(), RepositoryError::OtherLog { .. }));
    let (_dir, empty) = folder();
    let error = Repository::open(empty, &root()).await.err().unwrap();
    assert!(matches!(error, RepositoryError::None(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_never_signed_are_not_restored() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    // Somebody who has the master key rewrote a record after its checkpoint was signed.
    let trees = log.trees().unwrap();
    let forged = record("acme", "s", 777, "forged");
    let entry = LogEntry { position: Position(4), revision: Revision(3), record: forged };
    log.rows[3] = PieceRow::of_entry(entry, 100);
    struct Forged(Log, Vec<TreeEntry>);
    impl BackupSource for Forged {
        fn trees(&mut self) -> Result<Vec<TreeEntry>, BoxedError> {
            Ok(self.1.clone())
        }
        fn head(&mut self) -> Result<Position, BoxedError> {
            self.0.head()
        }
        fn records(
            &mut self,
            after: Position,
            until: Position,
            limit: usize,
            bytes_max: usize,
        ) -> Result<Vec<PieceRow>, BoxedError> {
            self.0.records(after, until, limit, bytes_max)
        }
        fn removals(&mut self) -> Result<(Removals, Position), BoxedError> {
            self.0.removals()
        }
        fn keys(&mut self) -> Result<Keys, BoxedError> {
            self.0.keys()
        }
        fn registers(&mut self) -> Result<Vec<RegisterEntry>, BoxedError> {
            self.0.registers()
        }
        fn commitments(&mut self) -> Result<Vec<Commitment>, BoxedError> {
            self.0.commitments()
        }
        fn erased(&mut self, row: &PieceRow) -> Result<Option<ErasedKey>, BoxedError> {
            self.0.erased(row)
        }
    }
    let repository = repository(&place).await;
    let mut lock = Lock::take(&place, holder("x"), Timestamp::now(), |_| false).await.unwrap();
    let mut source = Forged(log, trees);
    make(&repository, &mut source, &root(), &verified(), &mut lock).await.unwrap();
    let error = restored(&place, Point::Newest).await.err().unwrap();
    assert!(matches!(error, RestoreError::Tree(TreeError::Differs { .. })), "{error}");
}

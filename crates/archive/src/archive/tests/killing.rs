//! A run or a deletion that is stopped anywhere leaves nothing half visible, and is ended by the next.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_ports::archive::{ArchiveReader, Expiry};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::*;

/// A store that fails after so many changes.
#[derive(Debug)]
struct Mortal {
    inner: Arc<InMemory>,
    left: Arc<AtomicUsize>,
}

impl fmt::Display for Mortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner)
    }
}

fn spend(left: &AtomicUsize) -> Result<()> {
    let spent = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    spent.map(drop).map_err(|_| Error::NotImplemented {
        operation: "killed".into(),
        implementer: "test".into(),
    })
}

#[async_trait]
impl ObjectStore for Mortal {
    async fn put_opts(&self, at: &Path, it: PutPayload, how: PutOptions) -> Result<PutResult> {
        spend(&self.left)?;
        self.inner.put_opts(at, it, how).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, how).await
    }

    async fn get_opts(&self, at: &Path, how: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, how).await
    }

    fn delete_stream(
        &self,
        all: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let left = Arc::clone(&self.left);
        let allowed = all.map(move |path| spend(&left).and(path));
        self.inner.delete_stream(allowed.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}

fn mortal(inner: &Arc<InMemory>, changes: usize) -> Place {
    let left = Arc::new(AtomicUsize::new(changes));
    Place::of_store(Arc::new(Mortal { inner: Arc::clone(inner), left }))
}

/// Changes that a whole run makes.
const CHANGES: usize = 14;

#[tokio::test]
async fn a_run_that_is_killed_anywhere_shows_whole_months_only_and_the_next_ends_it() {
    let world = World::new().await;
    for changes in 0..=CHANGES {
        let store = Arc::new(InMemory::new());
        let killed = world.archiver(&mortal(&store, changes)).run(at(NOW)).await;
        assert_eq!(killed.is_ok(), changes == CHANGES);
        let place = mortal(&store, usize::MAX);
        let report = check(&place).await;
        assert_eq!(report.findings, [""; 0], "after {changes} changes");
        let archive = Archive::new(place.clone(), LOG, archive_key());
        for of in &world.stored {
            for month in archive.months(&of.tenant).await.unwrap() {
                let (_, entries) = of.months.iter().find(|(it, _)| *it == month.month).unwrap();
                let piece = archive.piece(&of.tenant, month.month, 0).await.unwrap();
                assert_eq!(piece, *entries);
            }
        }
        world.archiver(&place).run(at("2026-05-01T00:00:00Z")).await.unwrap();
        let report = check(&place).await;
        assert_eq!((report.findings, report.records, report.strays), (vec![], 20, 0));
    }
}

#[tokio::test]
async fn a_deletion_that_is_killed_anywhere_is_ended_by_the_next() {
    let world = World::new().await;
    let tenant = &world.tenants()[0];
    for changes in 0..5 {
        let store = Arc::new(InMemory::new());
        world.archiver(&mortal(&store, usize::MAX)).run(at(NOW)).await.unwrap();
        let archive = Archive::new(mortal(&store, changes), LOG, archive_key());
        let killed = archive.expire(tenant, month("2025-12")).await;
        assert_eq!(killed.is_ok(), changes == 4);
        let place = mortal(&store, usize::MAX);
        assert_eq!(check(&place).await.findings, [""; 0], "after {changes} changes");
        let archive = Archive::new(place.clone(), LOG, archive_key());
        let told = archive.months(tenant).await.unwrap().len();
        assert_eq!(told, if changes < 2 { 2 } else { 1 });
        let again = archive.expire(tenant, month("2025-12")).await.unwrap();
        assert_eq!(again == Expiry::Absent, changes == 4);
        let report = check(&place).await;
        assert_eq!((report.findings, report.records, report.strays), (vec![], 15, 0));
    }
}

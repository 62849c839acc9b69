//! The archive on a server that speaks S3 and locks objects: moto, which its authors test S3 clients with.

use annals_ports::archive::{ArchiveReader, Expiry};
use annals_ports::contract;
use annals_tests::Moto;
use object_store::aws::AmazonS3Builder;
use reqwest::{Client, Method};

use super::*;
use crate::objects::{LockMode, Locking};

const LOCKED: &str = "x-amz-bucket-object-lock-enabled";

struct Server(Moto);

impl Server {
    async fn start() -> Self {
        Self(Moto::start().await)
    }

    /// Sends a request without a signature, which this server takes.
    async fn ask(&self, method: Method, path: &str, locks: bool, body: &'static str) {
        let request = Client::new().request(method, self.0.address() + path).body(body);
        let request = if locks { request.header(LOCKED, "true") } else { request };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
    }

    async fn bucket(&self, name: &str, locks: bool) {
        self.ask(Method::PUT, &format!("/{name}"), locks, "").await;
    }

    fn place(&self, bucket: &str, locking: Locking) -> Place {
        let builder = AmazonS3Builder::new()
            .with_endpoint(self.0.address())
            .with_allow_http(true)
            .with_bucket_name(bucket)
            .with_region("us-east-1")
            .with_access_key_id("test")
            .with_secret_access_key("test");
        Place::of_s3(builder, locking)
    }
}

fn own(mode: LockMode) -> Locking {
    Locking::Own(mode, RetentionSpan::parse("P10Y").unwrap())
}

#[tokio::test]
async fn a_bucket_keeps_the_contract_and_every_change_in_it_is_found() {
    let server = Server::start().await;
    server.bucket("plain", false).await;
    let world = World::new().await;
    let place = server.place("plain", Locking::Off);
    assert_eq!(world.archiver(&place).run(at(NOW)).await.unwrap().len(), 2);
    assert_eq!(world.archiver(&place).run(at(NOW)).await.unwrap(), []);
    let report = check(&place).await;
    assert_eq!((report.findings, report.records, report.proven), (vec![], 20, 20));
    for name in names(&place).await {
        let whole = place.get(&name, OBJECT_BYTES_MAX).await.unwrap().unwrap();
        assert!(!place.put_new(&name, "other").await.unwrap(), "written once: {name}");
        let mut changed = whole.to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        place.put(&name, changed).await.unwrap();
        assert!(!check(&place).await.is_whole(), "{name}");
        place.put(&name, whole).await.unwrap();
    }
    let archive = Archive::new(place, LOG, archive_key());
    contract::archive::run(&archive, &world.stored).await;
}

#[tokio::test]
async fn what_annals_locks_is_locked_and_not_deleted() {
    let server = Server::start().await;
    server.bucket("locked", true).await;
    let world = World::new().await;
    for mode in [LockMode::Governance, LockMode::Compliance] {
        let place = server.place("locked", own(mode));
        let before = Timestamp::now();
        world.archiver(&place).run(at(NOW)).await.unwrap();
        for name in names(&place).await {
            let until = place.locked_until(&name).await.unwrap().expect("it is locked");
            let years = (until.as_second() - before.as_second()) / (365 * 24 * 3600);
            assert_eq!(years, 10, "{name} until {until}");
        }
        assert!(check(&place).await.is_whole());
        let archive = Archive::new(place, LOG, archive_key());
        contract::archive::run_locked(&archive, &world.stored[0]).await;
        let expiry = archive.expire(&world.tenants()[1], month("2026-01")).await.unwrap();
        assert!(matches!(expiry, Expiry::Locked { until: Some(_) }));
    }
}

#[tokio::test]
async fn the_rule_of_the_bucket_is_enough_and_a_bucket_without_one_is_told() {
    let server = Server::start().await;
    server.bucket("ruled", true).await;
    server
        .ask(
            Method::PUT,
            "/ruled?object-lock",
            false,
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
         <DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule>\
         </ObjectLockConfiguration>",
        )
        .await;
    server.bucket("plain", false).await;
    let world = World::new().await;
    let ruled = server.place("ruled", Locking::Bucket);
    world.archiver(&ruled).run(at(NOW)).await.unwrap();
    let archive = Archive::new(ruled, LOG, archive_key());
    contract::archive::run_locked(&archive, &world.stored[0]).await;
    let plain = server.place("plain", Locking::Bucket);
    let error = world.archiver(&plain).run(at(NOW)).await.unwrap_err();
    assert!(matches!(error, RunError::NotLocked(_)), "{error}");
    let archive = Archive::new(plain, LOG, archive_key());
    assert_eq!(archive.months(&world.tenants()[0]).await.unwrap(), [], "no month is called stored");
}

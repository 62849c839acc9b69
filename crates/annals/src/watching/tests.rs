//! What is read from metrics and certificates, what is kept, and the rules for Prometheus.

mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use annals_domain::watching::{Change, Condition, Raised, Standings};
use annals_ports::SharedRegisters;
use annals_store_sqlite::SqliteRegisters;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::certificates;
use super::keeping::{Keeper, forget_poison};
use super::numbers::Numbers;
use crate::configuration::Settings;

const METRICS: &str = "# TYPE annals_deliveries_total counter
annals_deliveries_total{channel=\"mail\",outcome=\"failed\"} 3
annals_deliveries_total{channel=\"hook\",outcome=\"failed\"} 4
annals_deliveries_total{channel=\"hook\",outcome=\"delivered\"} 10

annals_spool_full_total 2
annals_spool_full_total_of_another 7
annals_log_head 1e3
";

#[test]
fn numbers_are_read_from_what_prometheus_reads() {
    let numbers = Numbers::read(METRICS.into());
    assert_eq!(numbers.sum("annals_deliveries_total"), 17.0);
    assert_eq!(numbers.sum_of("annals_deliveries_total", "outcome", "failed"), 7.0);
    assert_eq!(numbers.sum_of("annals_deliveries_total", "outcome", "parked"), 0.0);
    assert_eq!(numbers.find("annals_spool_full_total"), Some(2.0));
    assert_eq!(numbers.find("annals_log_head"), Some(1000.0));
    assert_eq!(numbers.find("annals_nothing"), None);
}

#[test]
fn the_first_certificate_that_ends_counts_and_what_cannot_be_read_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let chain = format!("{}{}", certificate(2031), certificate(2030));
    let key = KeyPair::generate().unwrap().serialize_pem();
    let files = [
        file("chain.pem", &chain),
        file("key.pem", &key),
        file("damaged.pem", &certificate(2030).replace("MII", "AAA")),
        dir.path().join("missing.pem"),
    ];
    let ends: BTreeMap<PathBuf, _> = certificates::ends(&files).into_iter().collect();
    let end = |number: usize| ends[&files[number]].as_ref();
    assert_eq!(*end(0).unwrap(), "2030-05-06T00:00:00Z".parse::<Timestamp>().unwrap());
    assert!(end(1).unwrap_err().to_string().contains("no certificate in it"));
    assert!(end(2).is_err());
    assert!(end(3).unwrap_err().to_string().contains("cannot be found"));
}

fn certificate(year: i32) -> String {
    let mut params = CertificateParams::new(vec!["annals.test".into()]).unwrap();
    params.not_after = date_time_ymd(year, 5, 6);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

#[test]
fn every_condition_has_a_threshold_and_settings_that_make_no_sense_are_refused() {
    let settings = |change: fn(&mut super::AlertSettings)| {
        let mut alerts = Settings::load(None).unwrap().alerts;
        change(&mut alerts);
        alerts.thresholds()
    };
    let with_files = settings(|alerts| alerts.certificates = vec!["a.pem".into()]).unwrap();
    let watched: Vec<_> = with_files.keys().copied().collect();
    assert_eq!(watched, Condition::ALL);
    assert!(!settings(|_| {}).unwrap().contains_key(&Condition::CertificateNearEnd));
    let off = settings(|alerts| alerts.disk_free_bytes_min = 0).unwrap();
    assert!(!off.contains_key(&Condition::DiskLow));
    let told = |change| format!("{:#}", settings(change).unwrap_err());
    assert!(told(|alerts| alerts.overdue_seconds = 0).contains("retention_not_run"));
    assert!(
        told(|alerts| alerts.delivery_failed_percent = 101).contains("delivery_failed_percent")
    );
    assert!(told(|alerts| alerts.certificates = vec![PathBuf::new(); 65]).contains("at most 64"));
    let mut alerts = Settings::load(None).unwrap().alerts;
    alerts.interval_seconds = 3601;
    assert!(alerts.interval().unwrap_err().to_string().contains("alerts.interval_seconds"));
    alerts.interval_seconds = 0;
    assert_eq!(alerts.interval().unwrap(), None);
}

fn raised(condition: Condition) -> (Standings, Change) {
    let since = Timestamp::from_second(1_800_000_000).unwrap();
    let standings = Standings::of([(condition, Raised { since, reading: 3.0 })]);
    (standings, Change { condition, is_raised: true, reading: 3.0, since })
}

#[tokio::test]
async fn what_is_raised_and_yet_to_be_recorded_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let registers: Arc<dyn SharedRegisters> = Arc::new(SqliteRegisters::open(dir.path()).unwrap());
    let keeper = || Keeper::new(Arc::clone(&registers), "node-a".into());
    let mut first = keeper();
    assert_eq!(first.restore().await, Standings::default());
    let (standings, change) = raised(Condition::DiskLow);
    first.add(&change, 5.0, change.since);
    first.keep(&standings).await;
    let event = first.next().unwrap().event;
    // It dies before the event is crossed out; the next one records it under the same id.
    let mut second = keeper();
    assert_eq!(second.restore().await, standings);
    assert_eq!(second.next().unwrap().event, event);
    assert_eq!((second.next().unwrap().reading, second.next().unwrap().threshold), (3, 5));
    second.told();
    second.keep(&standings).await;
    let mut third = keeper();
    assert_eq!(third.restore().await, standings);
    assert_eq!(third.next(), None);
    assert!(!third.has_poison());
}

#[tokio::test]
async fn what_is_damaged_or_was_written_by_somebody_else_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let registers = Arc::new(SqliteRegisters::open(dir.path()).unwrap());
    let version = registers.write("health", None, b"{".to_vec()).await.unwrap();
    let mut keeper = Keeper::new(registers.clone(), "node-a".into());
    assert_eq!(keeper.restore().await, Standings::default());
    let (standings, _) = raised(Condition::DiskLow);
    registers.write("health", Some(version), b"{}".to_vec()).await.unwrap();
    // The first time it learns of the other version, the second time it writes.
    keeper.keep(&standings).await;
    keeper.keep(&standings).await;
    let mut next = Keeper::new(registers, "node-a".into());
    assert_eq!(next.restore().await, standings);
}

#[tokio::test]
async fn what_waits_to_be_recorded_has_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let registers = Arc::new(SqliteRegisters::open(dir.path()).unwrap());
    let mut keeper = Keeper::new(registers.clone(), "node-a".into());
    let (standings, change) = raised(Condition::DiskLow);
    keeper.add(&change, 5.0, change.since);
    let oldest = keeper.next().unwrap().event;
    for _ in 0..63 {
        keeper.add(&change, f64::MAX, change.since);
    }
    assert_eq!(keeper.next().unwrap().event, oldest);
    keeper.add(&change, 5.0, change.since);
    assert_ne!(keeper.next().unwrap().event, oldest);
    assert_eq!(keeper.next().unwrap().threshold, i64::MAX);
    keeper.keep(&standings).await;
    let mut next = Keeper::new(registers, "node-a".into());
    next.restore().await;
    assert!(next.next().is_some(), "so many fit into the register");
}

#[tokio::test]
async fn poison_is_carried_over_restarts_until_a_rebuild_has_tried_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let registers = Arc::new(SqliteRegisters::open(dir.path()).unwrap());
    let mut keeper = Keeper::new(registers.clone(), "node-a".into());
    let (standings, _) = raised(Condition::PoisonEvents);
    keeper.keep(&standings).await;
    let carried = async || {
        let mut keeper = Keeper::new(registers.clone(), "node-a".into());
        (keeper.restore().await, keeper.has_poison())
    };
    assert_eq!(carried().await, (standings.clone(), true));
    forget_poison(&*registers).await.unwrap();
    assert_eq!(carried().await, (standings, false), "the next start tells that it is cleared");
    forget_poison(&*registers).await.unwrap();
}

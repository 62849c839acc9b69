//! How many records a second go through the adapter, server and load on the same machine:
//! `cargo run --release -p annals-store-eventstoredb --example append_rate [RECORDS]`
//!
//! Without a URL in `ANNALS_TEST_EVENTSTORE_URL` the server is the protocol test server, which syncs its
//! file before it answers. Prints JSON.

#![expect(clippy::print_stdout, reason = "this is a program")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use annals_eventstoredb_double::{Options, Server};
use annals_ports::contract::{fresh_tenant, item};
use annals_ports::{AppendItem, EventLog, LogReader};
use annals_store_eventstoredb::{Address, EventStoreLog, Settings};
use annals_store_sqlite::SqliteReplica;
use serde_json::json;

const RECORDS: usize = 200_000;
/// As many batches are under way at once, as from the recorder's shards.
const SHARDS: usize = 2;
const BATCH: usize = 2000;
const STREAMS: usize = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let records = std::env::args().nth(1).map_or(Ok(RECORDS), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let given = std::env::var("ANNALS_TEST_EVENTSTORE_URL").ok();
    let directory = Some(dir.path().join("server"));
    let server = match given {
        Some(_) => None,
        None => Some(Server::try_start(Options { directory, ..Options::default() })?),
    };
    let url = given.or_else(|| server.as_ref().map(Server::url)).unwrap_or_default();
    let namespace = format!("annals-conformance-{}.", fresh_tenant());
    let settings = Settings { namespace, ..Settings::default() };

    let first = open(&url, &dir.path().join("first"), settings.clone()).await?;
    let begun = Instant::now();
    let tenant = fresh_tenant();
    let shards = (0..SHARDS).map(|shard| {
        let (log, tenant) = (Arc::clone(&first), tenant.clone());
        tokio::spawn(async move { append(&log, &tenant, shard, records / SHARDS).await })
    });
    for shard in shards.collect::<Vec<_>>() {
        shard.await?;
    }
    let appended = begun.elapsed().as_secs_f64();
    let head = first.head().await?;
    let copied = begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let second = open(&url, &dir.path().join("second"), settings).await?;
    second.caught_up().await;
    while second.head().await? < head {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let caught_up = begun.elapsed().as_secs_f64();
    let records = records / SHARDS * SHARDS;
    let rate = |seconds: f64| (records as f64 / seconds).round();
    let result = json!({
        "records": records,
        "streams": STREAMS,
        "appended_per_second": rate(appended),
        "appended_and_copied_per_second": rate(copied),
        "a_fresh_node_copies_per_second": rate(caught_up),
        "copy_bytes_per_record": bytes_of(&dir.path().join("second"))? / records as u64,
    });
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}

async fn open(
    url: &str,
    dir: &std::path::Path,
    settings: Settings,
) -> Result<Arc<EventStoreLog>, Box<dyn Error>> {
    std::fs::create_dir(dir)?;
    let replica = Arc::new(SqliteReplica::open(dir)?);
    let marks = annals_record::MarkKey::new(&[7; 32]);
    let log =
        EventStoreLog::open(Address::parse(url)?, settings, replica, "rate".into(), marks).await?;
    Ok(Arc::new(log))
}

/// About 540 bytes a record, as those of Annals have.
async fn append(log: &EventStoreLog, tenant: &str, shard: usize, records: usize) {
    let payload = "x".repeat(350);
    let record = |number: usize| -> AppendItem {
        let number = number * SHARDS + shard;
        item(tenant, &format!("s{}", number % STREAMS), number as u128, &payload)
    };
    for first in (0..records).step_by(BATCH) {
        let batch = (first..records.min(first + BATCH)).map(record).collect();
        let answers = log.append(batch).await.expect("the server works");
        assert!(answers.iter().all(Result::is_ok), "every record is stored");
    }
}

fn bytes_of(dir: &std::path::Path) -> std::io::Result<u64> {
    let sizes = std::fs::read_dir(dir)?.map(|entry| Ok(entry?.metadata()?.len()));
    sizes.sum()
}

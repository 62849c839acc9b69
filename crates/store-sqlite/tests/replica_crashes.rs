//! The copy of a log, killed while it is written.
//!
//! The other process is this test binary again, told what to be by an environment variable.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests may; clippy knows only functions marked as tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use annals_domain::{Position, Revision};
use annals_ports::contract::record;
use annals_ports::{Checkpoint, LogEntry, LogReader, LogReplica};
use annals_store_sqlite::SqliteReplica;
use rusqlite::Connection;

const DIR: &str = "ANNALS_TEST_REPLICA_DIR";
const KILLS: u64 = 30;
/// Between the positions of two records.
const GAP: u64 = 10;

/// The nth record of a log that is the same in both processes.
fn entry(n: u64) -> LogEntry {
    let payload = "x".repeat((n * 131 % 3000) as usize);
    let record = record("acme", &format!("s{}", n % 3), u128::from(n), &payload);
    LogEntry { position: Position(n * GAP), revision: Revision((n - 1) / 3), record }
}

/// Role: copies for ever, from where the copy ends, and tells what was applied.
#[test]
fn child_applies() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let replica = SqliteReplica::open(Path::new(&dir)).unwrap();
        let mut next = replica.checkpoint().await.unwrap().map_or(0, |held| held.commit / GAP) + 1;
        loop {
            let entries: Vec<_> = (next..=next + next % 5).map(entry).collect();
            next += entries.len() as u64;
            let event = entries.last().map(|entry| entry.record.id.0);
            let place = (next - 1) * GAP;
            let checkpoint = Checkpoint { commit: place, prepare: place, event };
            replica.apply(entries, checkpoint).await.unwrap();
            // A line whole or not at all: less than a pipe takes at once.
            let mut output = std::io::stdout().lock();
            output.write_all(format!("child: {place}\n").as_bytes()).unwrap();
            output.flush().unwrap();
        }
    });
}

/// Kills the other process some lines and a moment after its start; tells the last place that it told.
fn apply_until_killed(dir: &Path, lines: u64, moment: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_applies", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut told = Vec::new();
    for line in output.lines() {
        // The test harness of the other process writes too.
        let line = line.unwrap();
        told.extend(line.split_once("child: ").and_then(|(_, place)| place.parse::<u64>().ok()));
        if told.len() as u64 == lines {
            // At once would always be between two batches: the line that was read ended one.
            std::thread::sleep(moment);
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    *told.last().expect("it applies for ever")
}

#[test]
fn a_killed_copy_ends_whole_at_its_checkpoint() {
    if std::env::var_os(DIR).is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    for round in 0..KILLS {
        let moment = Duration::from_micros(round * 61);
        let told = apply_until_killed(dir.path(), 1 + round * 7 % 40, moment);
        runtime.block_on(async {
            let replica = SqliteReplica::open(dir.path()).unwrap();
            let held = replica.checkpoint().await.unwrap().expect("something was applied");
            let count = held.commit / GAP;
            assert!(held.commit >= told, "round {round}: {told} was applied");
            assert_eq!(held.event, Some(entry(count).record.id.0), "round {round}");
            assert_eq!(replica.head().await.unwrap(), Position(held.commit), "round {round}");
            let all = replica.read_all(Position::START, usize::MAX).await.unwrap();
            assert_eq!(all.len() as u64, count, "round {round}: no record beside the checkpoint");
            assert!(all.into_iter().eq((1..=count).map(entry)), "round {round}");
        });
        let file = Connection::open(dir.path().join("replica.db")).unwrap();
        let found: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(found, "ok", "round {round}");
    }
}

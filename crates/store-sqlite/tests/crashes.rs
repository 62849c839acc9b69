//! The event log seen from outside: killed, started twice, and on a disk that refuses.
//!
//! The other process is this test binary again, told what to be by an environment variable.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests may; clippy knows only functions marked as tests")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals_domain::Position;
use annals_ports::contract::item;
use annals_ports::{EventLog, LogEntry, LogError, LogReader};
use annals_store_sqlite::{DataDir, DataDirError, EventLogSettings, SqliteEventLog, verify};

const DIR: &str = "ANNALS_TEST_CHILD_DIR";
const FIRST_ID: &str = "ANNALS_TEST_CHILD_FIRST_ID";
const KILLS: u32 = 30;
const WRITERS: u64 = 4;

/// A process that is killed when the test ends, however it ends.
struct Other {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Other {
    fn start(role: &str, dir: &Path, first_id: u64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", role, "--nocapture", "--test-threads=1"]);
        Self::spawn(command, dir, first_id)
    }

    /// Starts it so that no file may grow beyond a number of blocks: writing more is an I/O error.
    fn start_with_small_files(role: &str, dir: &Path, blocks: u32) -> Self {
        let mut command = Command::new("sh");
        // Ignored signals stay ignored, so that the write fails instead of killing the process.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", role, "--nocapture", "--test-threads=1"]);
        Self::spawn(command, dir, 1)
    }

    fn spawn(mut command: Command, dir: &Path, first_id: u64) -> Self {
        let mut child = command
            .env(DIR, dir)
            .env(FIRST_ID, first_id.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next line that the role wrote; none at the end, and none when it was cut off.
    fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            let whole = line.strip_suffix('\n')?;
            // The test harness of the other process writes too.
            if let Some(at) = whole.find("child: ") {
                return Some(whole[at + 7..].to_owned());
            }
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Writes a line whole or not at all: less than a pipe takes at once.
fn tell(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("child: {line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// The directory, when this process is the other one.
fn role() -> Option<std::path::PathBuf> {
    std::env::var_os(DIR).map(Into::into)
}

fn open(dir: &Path) -> SqliteEventLog {
    SqliteEventLog::open(dir, EventLogSettings::default()).unwrap()
}

async fn read_all(log: &SqliteEventLog, after: Position) -> Vec<LogEntry> {
    let mut all = Vec::new();
    let mut last = after;
    loop {
        let page = log.read_all(last, 1000).await.unwrap();
        let Some(entry) = page.last() else { return all };
        last = entry.position;
        all.extend(page);
    }
}

/// Role: appends from several tasks for ever and tells what was acked.
#[test]
fn child_appends() {
    let Some(dir) = role() else { return };
    let first: u64 = std::env::var(FIRST_ID).unwrap().parse().unwrap();
    let _lock = DataDir::open(&dir).unwrap();
    let settings = EventLogSettings {
        // Small, so that kills also hit checkpoints.
        checkpoint_pages_idle: 20,
        checkpoint_pages_busy: 60,
        ..EventLogSettings::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let log = Arc::new(SqliteEventLog::open(&dir, settings).unwrap());
        let next = Arc::new(AtomicU64::new(first));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                tokio::spawn(append_for_ever(Arc::clone(&log), writer, Arc::clone(&next)))
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn append_for_ever(log: Arc<SqliteEventLog>, writer: u64, next: Arc<AtomicU64>) {
    loop {
        let count = 1 + next.load(Ordering::Relaxed) % 5;
        let ids: Vec<u64> = (0..count).map(|_| next.fetch_add(1, Ordering::Relaxed)).collect();
        let mut whole = item("acme", &format!("s{}", writer % 3), 0, "");
        whole.records.clear();
        for id in &ids {
            let payload = "x".repeat((id % 3000) as usize);
            whole
                .records
                .extend(item("acme", &format!("s{}", writer % 3), (*id).into(), &payload).records);
        }
        let places = log.append(vec![whole]).await.unwrap().remove(0).unwrap();
        let acked: Vec<String> = ids
            .iter()
            .zip(places)
            .map(|(id, place)| format!("{id} {} {}", place.position, place.revision))
            .collect();
        tell(&acked.join(","));
    }
}

/// Role: holds the directory until its input ends.
#[test]
fn child_holds_the_directory() {
    let Some(dir) = role() else { return };
    let _lock = DataDir::open(&dir).unwrap();
    tell("holding");
    let _ = std::io::stdin().read(&mut [0]);
}

/// Role: appends until writing fails, and checks that it then never writes again.
#[test]
fn child_appends_until_writing_fails() {
    let Some(dir) = role() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let log = open(&dir);
        let payload = "x".repeat(20_000);
        let mut acked = 0u64;
        let error = loop {
            match log.append(vec![item("acme", "s", u128::from(acked), &payload)]).await {
                Ok(answers) => {
                    assert!(answers[0].is_ok());
                    acked += 1;
                }
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LogError::Broken { .. }), "{error}");
        let size = || std::fs::metadata(dir.join("events.db-wal")).unwrap().len();
        let before = size();
        for id in 1_000_000..1_000_005 {
            let error = log.append(vec![item("acme", "s", id, "small")]).await.unwrap_err();
            assert!(matches!(error, LogError::Broken { .. }), "{error}");
        }
        assert_eq!(read_all(&log, Position::START).await.len() as u64, acked, "reading goes on");
        log.close().await;
        assert_eq!(size(), before, "nothing is written any more, also not by closing");
        tell(&acked.to_string());
    });
}

#[test]
fn what_was_acked_survives_being_killed_at_any_moment() {
    if role().is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let mut first_id = 1u64;
    let mut start = Position::START;
    let mut unacked = 0;
    for round in 0..KILLS {
        let mut acked = HashMap::new();
        let mut other = Other::start("child_appends", &path, first_id);
        // Killed at another moment each time, and never at a rest: its writers do not wait for us.
        let lines = 1 + (round * 37) % 200;
        for _ in 0..lines {
            note(&mut acked, &other.line().expect("it writes for ever"));
        }
        other.kill();
        while let Some(line) = other.line() {
            note(&mut acked, &line);
        }

        let _lock = DataDir::open(&path).expect("the lock ends with its process");
        runtime.block_on(async {
            let log = open(&path);
            let entries = read_all(&log, start).await;
            let mut found = HashMap::new();
            for entry in &entries {
                let id = entry.record.id.0.as_u128() as u64;
                let place = (entry.position.0, entry.revision.0);
                assert_eq!(found.insert(id, place), None, "round {round}: {id} is there twice");
                first_id = first_id.max(id + 1);
            }
            for (id, place) in &acked {
                assert_eq!(found.get(id), Some(place), "round {round}: {id} was acked");
            }
            unacked += found.len() - acked.len();
            start = log.head().await.unwrap();
            first_id += 1000;
            log.close().await;
        });
        let report = verify(&path, |_| {}).unwrap();
        assert!(report.is_whole(), "round {round}: {:?}", report.findings);
        assert_eq!(report.records, start.0);
    }
    // Kills came between commit and answer too, or this test would miss the interesting moments.
    assert!(unacked > 0, "no kill hit a commit under way");
}

fn note(acked: &mut HashMap<u64, (u64, u64)>, line: &str) {
    for place in line.split(',') {
        let mut numbers = place.split(' ').map(|number| number.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        acked.insert(next(), (next(), next()));
    }
}

#[test]
fn a_second_process_is_refused_until_the_first_ends_or_is_killed() {
    if role().is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for killed in [false, true] {
        let mut other = Other::start("child_holds_the_directory", dir.path(), 0);
        assert_eq!(other.line().as_deref(), Some("holding"));
        let error = DataDir::open(dir.path()).unwrap_err();
        assert!(matches!(error, DataDirError::InUse { .. }), "{error}");
        assert!(error.to_string().contains(&other.child.id().to_string()), "{error}");
        if killed {
            other.kill();
        } else {
            drop(other.child.stdin.take());
            assert!(other.child.wait().unwrap().success());
        }
        DataDir::open(dir.path()).expect("the directory is free again");
    }
}

#[test]
fn a_failed_write_stops_the_writer_for_good_and_loses_nothing_that_was_acked() {
    if role().is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut other =
        Other::start_with_small_files("child_appends_until_writing_fails", dir.path(), 4000);
    let acked: u64 = other.line().expect("its checks passed").parse().unwrap();
    assert!(other.child.wait().unwrap().success());
    assert!(acked > 10, "{acked}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let log = open(dir.path());
        let ids: Vec<u128> = read_all(&log, Position::START)
            .await
            .iter()
            .map(|entry| entry.record.id.0.as_u128())
            .collect();
        assert!(ids.len() as u64 >= acked);
        assert!(ids.iter().copied().eq(0..ids.len() as u128), "whole and in order");
        let place = log.append(vec![item("acme", "s", 1_000_000, "small")]).await.unwrap();
        assert!(place[0].is_ok(), "a restart recovers");
        log.close().await;
    });
    assert!(verify(dir.path(), |_| {}).unwrap().is_whole());
}

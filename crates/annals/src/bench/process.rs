//! What the system tells of a running process, and of the files it keeps.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// Processor time of a process so far.
pub(super) fn cpu(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks; user and system time are the 12th and 13th
    // field behind it, in hundredths of a second on Linux.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Resident memory, kibibytes.
pub(super) fn memory_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    field_kib(&status, "VmRSS")
}

/// The most resident memory so far, kibibytes.
pub(super) fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    field_kib(&status, "VmHWM")
}

/// Resident memory by kind: what only the process has, and pages of files, which the system takes
/// back when others need the room.
pub(super) fn memory(pid: u32) -> Value {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let resident = field_kib(&rollup, "Rss").or_else(|| memory_kib(pid));
    let anonymous = field_kib(&rollup, "Anonymous");
    json!({
        "resident_kib": resident,
        "anonymous_kib": anonymous,
        "file_mapped_kib": resident.zip(anonymous).map(|(all, own)| all.saturating_sub(own)),
        "peak_kib": peak_kib(pid),
    })
}

fn field_kib(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Bytes of a directory and all below it.
pub(super) fn bytes_in(path: &Path) -> u64 {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| bytes_in(&entry.path())).sum()
        }
        Ok(meta) => meta.len(),
        Err(_) => 0,
    }
}

/// Bytes of a data directory by part; each with its write-ahead log.
pub(super) fn bytes_by_part(data_dir: &Path) -> Value {
    let mut parts = Map::new();
    let mut add = |part: &str, bytes: u64| {
        let sum = parts.get(part).and_then(Value::as_u64).unwrap_or_default();
        parts.insert(part.to_owned(), (sum + bytes).into());
    };
    for entry in std::fs::read_dir(data_dir).into_iter().flatten().flatten() {
        let bytes = bytes_in(&entry.path());
        add(part_of(&entry.file_name().to_string_lossy()), bytes);
        add("total", bytes);
    }
    parts.into()
}

/// Which part a file or directory of a data directory belongs to, by its name.
fn part_of(name: &str) -> &'static str {
    const PARTS: &[(&str, &str)] = &[
        ("events.db-wal", "log_write_ahead"),
        ("events", "log"),
        ("replica", "log"),
        ("index", "index"),
        ("profiles.db-wal", "profiles_write_ahead"),
        ("profiles", "profiles"),
        ("inbox", "inboxes"),
        ("keys", "keys"),
    ];
    PARTS.iter().find(|(start, _)| name.starts_with(start)).map_or("other", |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_under_the_part_they_belong_to() {
        let dir = tempfile::tempdir().unwrap();
        let month = dir.path().join("index/2026-11");
        std::fs::create_dir_all(&month).unwrap();
        let files = ["events.db", "events.db-wal", "index/2026-11/a.idx", "keys.db", "node.id"];
        for name in files {
            std::fs::write(dir.path().join(name), [0; 10]).unwrap();
        }
        let parts = bytes_by_part(dir.path());
        let expected = json!({
            "log": 10, "log_write_ahead": 10, "index": 10, "keys": 10, "other": 10, "total": 50,
        });
        assert_eq!(parts, expected);
        assert_eq!(bytes_in(dir.path()), 50);
    }

    #[test]
    fn this_very_process_takes_memory_and_time() {
        let pid = std::process::id();
        let memory = memory(pid);
        let kib = |name: &str| memory[name].as_u64().unwrap();
        assert!(kib("anonymous_kib") > 0 && kib("anonymous_kib") < kib("resident_kib"), "{memory}");
        assert!(kib("peak_kib") > 0);
        assert!(cpu(pid).is_some());
    }
}

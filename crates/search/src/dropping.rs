//! Dropping a partition as a whole, once nothing of it is kept.
//!
//! Searches that began before go on in its files, which are gone when they end.

use std::fs;
use std::io;
use std::path::Path;

use crate::month::Month;
use crate::partition::{self, Partition, path_of, remove_if_there};

/// A partition is given this name first, so that there is never half of one under its own.
const DROPPED_PREFIX: &str = "dropped-";

/// Whether each event of the partition is at one of these positions, which rise.
pub(crate) fn holds_only(partition: &Partition, positions: &[u64]) -> bool {
    let documents: usize =
        partition.segments.iter().map(|segment| segment.documents() as usize).sum();
    if documents > positions.len() {
        return false;
    }
    partition.segments.iter().all(|segment| {
        let mut rest = positions;
        // Documents lie in descending order of position.
        (0..segment.documents()).all(|doc| {
            let position = segment.position(doc);
            rest = &rest[..rest.partition_point(|one| *one <= position)];
            rest.last() == Some(&position)
        })
    })
}

/// Deletes the partition of a month. It is out of the index when this returns.
pub(crate) fn delete(dir: &Path, month: Month) -> io::Result<()> {
    let dropped = dir.join(format!("{DROPPED_PREFIX}{month}"));
    remove_if_there(&dropped)?;
    fs::rename(path_of(dir, month), &dropped)?;
    partition::sync(dir)?;
    remove_if_there(&dropped)
}

/// Deletes what was left of dropped partitions when the process ended.
pub(crate) fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(DROPPED_PREFIX) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

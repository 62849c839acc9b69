//! Partitions that were found damaged, set aside.
//!
//! They stay for a look at what happened, until there are newer ones, events are removed, or the index is
//! made anew: they hold the words of events.

use std::path::{Path, PathBuf};

use crate::month::Month;
use crate::partition;
use crate::writing::create_private;

/// Where quarantined partitions go: `damaged-1`, `damaged-2` …
pub(crate) const DAMAGED_PREFIX: &str = "damaged-";

/// What was set aside because it could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The damaged partition and all newer ones: a position is only true without gaps below it.
    pub partitions: Vec<String>,
    /// Where they lie now.
    pub moved_to: PathBuf,
}

/// Moves the partition and all newer ones out of the way.
pub(crate) fn set_aside(
    dir: &Path,
    damaged: &str,
    quarantine: &mut Option<Quarantine>,
) -> std::io::Result<()> {
    let quarantine = match quarantine {
        Some(quarantine) => quarantine,
        None => {
            let moved_to = make_quarantine(dir)?;
            quarantine.insert(Quarantine { partitions: Vec::new(), moved_to })
        }
    };
    let first = Month::parse(damaged);
    // From the newest on: whatever stops half-way, what is left has no gap.
    for month in partition::months(dir)?.into_iter().rev() {
        if first.is_some_and(|first| month < first) {
            break;
        }
        let name = month.to_string();
        std::fs::rename(dir.join(&name), quarantine.moved_to.join(&name))?;
        quarantine.partitions.push(name);
    }
    quarantine.partitions.sort_unstable();
    partition::sync(dir)
}

fn make_quarantine(dir: &Path) -> std::io::Result<PathBuf> {
    let highest = quarantines(dir)?.into_iter().map(|(number, _)| number).max();
    empty(dir)?;
    let number = highest.unwrap_or_default().saturating_add(1);
    let path = dir.join(format!("{DAMAGED_PREFIX}{number}"));
    create_private(&path)?;
    Ok(path)
}

/// Deletes what was set aside.
pub(crate) fn empty(dir: &Path) -> std::io::Result<()> {
    for (_, path) in quarantines(dir)? {
        partition::remove_if_there(&path)?;
    }
    Ok(())
}

fn quarantines(dir: &Path) -> std::io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(DAMAGED_PREFIX));
        found.extend(number.and_then(|number| Some((number.parse().ok()?, entry.path()))));
    }
    Ok(found)
}

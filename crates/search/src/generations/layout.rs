//! What lies in the directory of the index.
//!
//! ```text
//! current      names the generation that answers
//! g7           that generation
//! g9           one that is being filled, always with a higher number
//! ```
//!
//! Which one answers is told by `current` alone, which is replaced by renaming. All other generations
//! but the last are leftovers; so is one that does not tell its form.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use annals_ports::SearchError;

use crate::error::failed;
use crate::format;
use crate::month::Month;
use crate::partition::{remove_if_there, sync};
use crate::quarantine::DAMAGED_PREFIX;
use crate::writing::create_private;

const CURRENT: &str = "current";
const CURRENT_NEW: &str = "current.new";
const PREFIX: char = 'g';

/// Where a generation lies.
pub(super) fn path_of(dir: &Path, number: u32) -> PathBuf {
    dir.join(name_of(number))
}

fn name_of(number: u32) -> String {
    format!("{PREFIX}{number}")
}

fn parse(name: &str) -> Option<u32> {
    let number = name.strip_prefix(PREFIX)?.parse().ok()?;
    (name_of(number) == name).then_some(number)
}

/// Which generation answers; none in a new directory.
pub(super) fn current(dir: &Path) -> Result<Option<u32>, SearchError> {
    match fs::read_to_string(dir.join(CURRENT)) {
        Ok(name) => match parse(name.trim_end()) {
            Some(number) => Ok(Some(number)),
            // Nothing is lost but time: all of it can be made anew.
            None => {
                tracing::warn!(file = CURRENT, "the search index does not tell which part answers");
                Ok(None)
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("reading which generation answers")(error)),
    }
}

/// From now on this generation answers. Durable when this returns.
pub(super) fn point_at(dir: &Path, number: u32) -> Result<(), SearchError> {
    let point = || -> io::Result<()> {
        let fresh = dir.join(CURRENT_NEW);
        fs::write(&fresh, format!("{}\n", name_of(number)))?;
        fs::File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, dir.join(CURRENT))?;
        sync(dir)
    };
    point().map_err(failed("changing which generation answers"))
}

/// Makes the directory of a generation, with nothing in it but its form.
pub(super) fn make(dir: &Path, number: u32, shape: &str) -> Result<PathBuf, SearchError> {
    let path = path_of(dir, number);
    let make = || -> io::Result<()> {
        remove_if_there(&path)?;
        create_private(&path)?;
        format::write(&path, shape)?;
        sync(&path)?;
        sync(dir)
    };
    make().map_err(failed("making a generation of the index"))?;
    Ok(path)
}

/// The generation that was begun last, if it came after `current`.
pub(super) fn begun_after(dir: &Path, current: u32) -> Result<Option<u32>, SearchError> {
    let newest = || -> io::Result<Option<u32>> {
        let mut newest = None;
        for entry in fs::read_dir(dir)? {
            newest = newest.max(entry?.file_name().to_str().and_then(parse));
        }
        Ok(newest.filter(|number| *number > current))
    };
    newest().map_err(failed("looking for generations of the index"))
}

/// Sees to it that a generation is not taken up again, though its files may stay for a while.
pub(super) fn give_up(path: &Path) -> Result<(), SearchError> {
    let give_up = || format::remove(path).and_then(|()| sync(path));
    give_up().map_err(failed("giving up a generation of the index"))
}

/// Deletes all generations but these, and what lay here before there were generations.
pub(super) fn sweep(dir: &Path, kept: &[u32]) -> Result<(), SearchError> {
    let sweep = || -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_leftover = match parse(name) {
                Some(number) => !kept.contains(&number),
                None => Month::parse(name).is_some() || name.starts_with(DAMAGED_PREFIX),
            };
            if is_leftover {
                remove_if_there(&dir.join(name))?;
            }
        }
        sync(dir)
    };
    sweep().map_err(failed("deleting what is left of earlier generations"))
}

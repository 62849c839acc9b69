//! How the query language reads.

mod completion;
mod documentation;
mod fuzzing;
mod limits;
mod near;
mod parameters;
mod round_trip;
mod syntax;
mod values;

use super::*;
use crate::examples::{catalogue, now, shipped_limits};

fn shipped() -> QueryLimits {
    shipped_limits().query.clone()
}

/// Reads with the shipped limits.
fn read(text: &str) -> Result<Filter, QueryError> {
    parse(text, &QueryContext { limits: &shipped(), now: now(), catalogue: catalogue() })
}

#[track_caller]
fn filter(text: &str) -> Filter {
    read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn error(text: &str) -> QueryError {
    match read(text) {
        Err(error) => error,
        Ok(filter) => panic!("{text} means {filter:?}"),
    }
}

/// Both texts mean the same.
#[track_caller]
fn same(text: &str, other: &str) {
    assert_eq!(filter(text), filter(other), "{text} and {other}");
}

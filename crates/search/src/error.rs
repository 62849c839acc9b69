//! Makes [`SearchError`]s.

use annals_ports::SearchError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// For `map_err`: what was being done when it failed.
pub(crate) fn failed<E: Into<Cause>>(doing: &'static str) -> impl FnOnce(E) -> SearchError {
    move |source| SearchError::Failed { doing, source: source.into() }
}

/// For `map_err`: which partition cannot be read.
pub(crate) fn damaged<E: Into<Cause>>(partition: &str) -> impl FnOnce(E) -> SearchError {
    move |source| SearchError::Damaged { partition: partition.to_owned(), source: source.into() }
}

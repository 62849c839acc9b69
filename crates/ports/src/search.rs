//! Finding events by a filter.

use std::time::Duration;

use annals_domain::filter::{Count, Field, Filter, Order, PageKey};
use annals_domain::statistics::{Question, Tally};
use annals_domain::{Position, Recorded};

use crate::generations::Generations;
use crate::upkeep::Upkeep;

/// A search index over the log. Blocking: call it off the async threads.
///
/// # Contract
/// - Only what was committed is found, and [`SearchIndex::position`] tells up to where that is; it
///   lies in the same commit as the data.
/// - Events are added in order of position. One that was added before is passed over.
/// - What [`SearchIndex::search`] finds is what [`Filter::matches`] holds for, in the asked order.
pub trait SearchIndex: Send + Sync + 'static {
    /// Position up to which events are found.
    fn position(&self) -> Position;

    /// Adds events, to be found after the next commit.
    fn add(&self, events: &[Recorded]) -> Result<(), SearchError>;

    /// Makes what was added findable and durable; returns the new position.
    fn commit(&self) -> Result<Position, SearchError>;

    /// The next events in the asked order, at most `limit`.
    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError>;

    /// How many events up to `until` match; counting stops beyond `limit`.
    fn count(&self, filter: &Filter, until: Position, limit: u64) -> Result<Count, SearchError>;

    /// Counts the events up to `until` that match, as [`Tally::add`] does one by one. What is not
    /// counted after `patience` is left out, and the tally says that it is not complete.
    fn tally(
        &self,
        filter: &Filter,
        until: Position,
        question: &Question,
        patience: Duration,
    ) -> Result<Tally, SearchError>;

    /// Values that events hold which match.
    fn values(&self, request: &ValuesRequest<'_>) -> Result<Values, SearchError>;

    /// Forgets the events at these positions, which were committed: when this returns they are
    /// neither found nor counted, and their words are out of its files.
    fn remove(&self, positions: &[Position]) -> Result<(), SearchError>;

    /// Takes the events at these positions in anew, as `read` tells them now: when this returns nothing of
    /// what they were before is found, or in its files. Positions of which it has no event, and of which
    /// `read` tells none, are passed over. Answers how many were taken in anew.
    fn rewrite(&self, positions: &[Position], read: &mut ReadAnew<'_>) -> Result<u64, SearchError>;

    /// Forgets everything, to be filled anew from the log.
    fn clear(&self) -> Result<(), SearchError>;

    /// How it is filled anew while it answers; none where that cannot be done.
    fn generations(&self) -> Option<&dyn Generations> {
        None
    }

    /// How it looks after its files; none where it has no files of its own.
    fn upkeep(&self) -> Option<&dyn Upkeep> {
        None
    }
}

/// Reads the events at some positions, which rise, from the log; those that are gone are left out.
pub type ReadAnew<'a> = dyn FnMut(&[Position]) -> Result<Vec<Recorded>, SearchError> + 'a;

/// What to look for.
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    /// The condition; it already holds the caller's scope.
    pub filter: &'a Filter,
    /// In which order.
    pub order: Order,
    /// Begin behind this place of the order.
    pub after: Option<PageKey>,
    /// Leave out events beyond this position: the caller has them from memory.
    pub until: Position,
    /// How many at most.
    pub limit: usize,
}

/// Which values to look for.
#[derive(Debug, Clone)]
pub struct ValuesRequest<'a> {
    /// Only values of events that match; it already holds the caller's scope.
    pub filter: &'a Filter,
    /// Only of events up to this position.
    pub until: Position,
    /// The field.
    pub field: &'a Field,
    /// What the values begin with, folded where the field is.
    pub prefix: &'a str,
    /// How many at most.
    pub limit: usize,
    /// What is not found by then is left out.
    pub patience: Duration,
}

/// Values of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// The first ones in alphabetical order.
    pub values: Vec<String>,
    /// Whether there was time to look at all.
    pub complete: bool,
}

/// An event found: enough to fetch it from the log, and to go on behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its position.
    pub position: Position,
    /// When it happened, microseconds since 1970.
    pub occurred_us: i64,
}

/// The index did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Its files cannot be read or written.
    #[error("the search index failed while {doing}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its files are damaged; delete them and run `annals rebuild index`.
    #[error("the search index in `{partition}` is damaged; run `annals rebuild index`")]
    Damaged {
        /// Which partition.
        partition: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its files are whole, but of another form: another version of Annals made them, or with
    /// another setting or key. They are to be made anew.
    #[error("the search index is of another form ({reason}); it is to be made anew")]
    OtherForm {
        /// How that shows.
        reason: String,
    },
}

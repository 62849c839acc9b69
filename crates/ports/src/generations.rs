//! Filling a search index anew beside the one that answers.

use std::sync::Arc;

use annals_domain::Position;

use crate::search::{SearchError, SearchIndex};

/// A search index of which a second generation can be filled while the first one answers. Blocking.
///
/// # Contract
/// - The next generation is one at a time. It outlives the process: what was committed to it is
///   there when it is begun again.
/// - [`SearchIndex::remove`] of the index removes from both, also what the next one is only about to
///   be given. The same holds for [`SearchIndex::rewrite`].
/// - Whatever is interrupted, exactly one generation answers, and it is whole.
pub trait Generations {
    /// Whether a generation was begun, and neither taken into use nor discarded.
    fn is_unfinished(&self) -> bool;

    /// The next generation, to be filled from its own position on: the one that was begun before, or
    /// an empty one.
    fn begin(&self) -> Result<Arc<dyn SearchIndex>, SearchError>;

    /// Makes the next generation the one that answers, if all up to `reached` was added to it and
    /// nothing beyond was added to the other one. False when that is not so yet. The old one goes
    /// when the last search has left it.
    fn switch(&self, reached: Position) -> Result<bool, SearchError>;

    /// Deletes the next generation, if there is one.
    fn discard(&self) -> Result<(), SearchError>;
}

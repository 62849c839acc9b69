//! The search index: tantivy, cut into months of recording.
//!
//! The index is a copy that can be thrown away and filled anew from the event log. It holds no
//! stored form of an event: a search finds positions, and the log has the events.
//!
//! - `document` turns an event into index terms; `compile` turns a filter into a query over the
//!   same terms. Both read an event only through `annals_domain::facts`.
//! - Documents lie in descending order of position, so that the newest page is read from the front
//!   (`recorded`) instead of being sorted.
//! - `partition` is one month on disk; `index` is all of them.

#![warn(missing_docs)]

mod by_occurrence;
mod compile;
mod count;
mod damage;
mod directory;
mod document;
mod dropping;
mod encrypted;
mod error;
mod except;
mod fact_terms;
mod format;
mod generations;
mod glob;
mod index;
mod looking;
mod merging;
mod month;
mod partition;
mod quarantine;
mod recorded;
mod removing;
mod rewriting;
mod schema;
mod segment;
mod statistics;
mod storage;
mod terms_query;
mod union;
mod upkeep;
mod view;
mod window;
mod words;
mod writing;

#[cfg(test)]
mod tests;

pub use encrypted::IndexKey;
pub use generations::GenerationalIndex;
pub use index::TantivyIndex;
pub use quarantine::Quarantine;
pub use storage::Files;

/// Settings of the index; cheap to clone.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Memory for events that are not yet written to a segment, bytes; at least 15 MB.
    pub writer_heap_bytes: usize,
    /// How its files lie on disk.
    pub files: Files,
    /// Names the shape in which events come, in one line; empty for the one they are stored in. An index of
    /// events in another shape is made anew.
    pub shape: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { writer_heap_bytes: 64 * 1024 * 1024, files: Files::plain(), shape: String::new() }
    }
}

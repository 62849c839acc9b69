//! The documents of a few terms, read lazily.
//!
//! A bitset would have to be filled with all documents of all terms before the first is known; a
//! page of the newest events needs only the first few.

use tantivy::postings::SegmentPostings;
use tantivy::{DocId, DocSet, TERMINATED};

/// Documents that are in at least one of the postings.
pub(crate) struct FewTerms {
    postings: Vec<SegmentPostings>,
    doc: DocId,
}

impl FewTerms {
    pub(crate) fn new(postings: Vec<SegmentPostings>) -> Self {
        let mut union = Self { postings, doc: 0 };
        union.settle();
        union
    }

    /// Drops what is exhausted and finds the least document.
    fn settle(&mut self) -> DocId {
        self.postings.retain(|postings| postings.doc() != TERMINATED);
        self.doc = self.postings.iter().map(DocSet::doc).min().unwrap_or(TERMINATED);
        self.doc
    }
}

impl DocSet for FewTerms {
    fn advance(&mut self) -> DocId {
        for postings in &mut self.postings {
            if postings.doc() == self.doc {
                postings.advance();
            }
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        for postings in &mut self.postings {
            if postings.doc() < target {
                postings.seek(target);
            }
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.postings.iter().map(DocSet::size_hint).fold(0, u32::saturating_add)
    }
}

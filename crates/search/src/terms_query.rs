//! All documents with a term in a range of the dictionary, perhaps matching a pattern.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::index::SegmentReader;
use tantivy::postings::TermInfo;
use tantivy::query::{
    BitSetDocSet, ConstScorer, DfaWrapper, EmptyScorer, EnableScoring, Explanation, Query, Scorer,
    Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, InvertedIndexReader, Result, Score, TantivyError};

use crate::glob::Glob;
use crate::union::FewTerms;

/// Up to so many terms are read side by side; more are gathered in a bitset.
const FEW_TERMS_MAX: usize = 64;

/// Which terms.
#[derive(Clone)]
pub(crate) struct TermsQuery(Arc<Range>);

impl fmt::Debug for TermsQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TermsQuery").field("from", &self.0.from).finish_non_exhaustive()
    }
}

struct Range {
    field: Field,
    from: Bound<Vec<u8>>,
    to: Bound<Vec<u8>>,
    which: Which,
}

/// Which terms of the range.
enum Which {
    All,
    /// Those whose bytes behind that place match the pattern.
    Like(usize, Glob),
    /// Those that the automaton accepts.
    Accepted(DfaWrapper),
}

impl TermsQuery {
    /// Terms between the bounds.
    pub(crate) fn between(field: Field, from: Bound<Vec<u8>>, to: Bound<Vec<u8>>) -> Self {
        Self(Arc::new(Range { field, from, to, which: Which::All }))
    }

    /// Terms that begin so.
    pub(crate) fn beginning(field: Field, prefix: Vec<u8>) -> Self {
        let to = prefix_end(&prefix);
        Self::between(field, Bound::Included(prefix), to)
    }

    /// Terms that are the prefix and a value matching the pattern.
    pub(crate) fn matching(field: Field, mut prefix: Vec<u8>, glob: Glob) -> Self {
        prefix.extend_from_slice(glob.start.as_bytes());
        let (behind, to) = (prefix.len(), prefix_end(&prefix));
        let from = Bound::Included(prefix);
        Self(Arc::new(Range { field, from, to, which: Which::Like(behind, glob) }))
    }

    /// Terms that the automaton accepts. It leads through the dictionary, so that only beginnings
    /// are looked at from which it can still be reached.
    pub(crate) fn accepted_by(field: Field, automaton: DfaWrapper) -> Self {
        let (from, to) = (Bound::Unbounded, Bound::Unbounded);
        Self(Arc::new(Range { field, from, to, which: Which::Accepted(automaton) }))
    }
}

/// The end of the terms that begin with `prefix`.
pub(crate) fn prefix_end(prefix: &[u8]) -> Bound<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Bound::Excluded(end);
        }
    }
    Bound::Unbounded
}

impl Query for TermsQuery {
    fn weight(&self, _: EnableScoring<'_>) -> Result<Box<dyn Weight>> {
        Ok(Box::new(TermsWeight(self.0.clone())))
    }
}

struct TermsWeight(Arc<Range>);

impl TermsWeight {
    /// Calls `each` with the terms of the segment, until it fails.
    fn each_term(
        &self,
        index: &InvertedIndexReader,
        mut each: impl FnMut(&TermInfo) -> Result<()>,
    ) -> Result<()> {
        if let Which::Accepted(automaton) = &self.0.which {
            let mut terms = index.terms().search(automaton).into_stream()?;
            while terms.advance() {
                each(terms.value())?;
            }
            return Ok(());
        }
        let mut range = index.terms().range();
        range = match &self.0.from {
            Bound::Included(from) => range.ge(from),
            Bound::Excluded(from) => range.gt(from),
            Bound::Unbounded => range,
        };
        range = match &self.0.to {
            Bound::Included(to) => range.le(to),
            Bound::Excluded(to) => range.lt(to),
            Bound::Unbounded => range,
        };
        let mut terms = range.into_stream()?;
        while terms.advance() {
            let wanted = match &self.0.which {
                Which::Like(behind, glob) => glob.matches_rest(&terms.key()[*behind..]),
                Which::All | Which::Accepted(_) => true,
            };
            if wanted {
                each(terms.value())?;
            }
        }
        Ok(())
    }
}

impl Weight for TermsWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> Result<Box<dyn Scorer>> {
        let index = reader.inverted_index(self.0.field)?;
        let mut few: Vec<TermInfo> = Vec::new();
        let mut many: Option<BitSet> = None;
        self.each_term(&index, |term| {
            if let Some(documents) = &mut many {
                return fill(documents, &index, term);
            }
            few.push(term.clone());
            if few.len() > FEW_TERMS_MAX {
                let documents = many.insert(BitSet::with_max_value(reader.max_doc()));
                return few.drain(..).try_for_each(|term| fill(documents, &index, &term));
            }
            Ok(())
        })?;
        if let Some(documents) = many {
            return Ok(Box::new(ConstScorer::new(BitSetDocSet::from(documents), boost)));
        }
        let read = |term| index.read_postings_from_terminfo(term, IndexRecordOption::Basic);
        let mut postings = few.iter().map(read).collect::<std::io::Result<Vec<_>>>()?;
        Ok(match postings.len() {
            0 => Box::new(EmptyScorer),
            1 => Box::new(ConstScorer::new(postings.remove(0), boost)),
            _ => Box::new(ConstScorer::new(FewTerms::new(postings), boost)),
        })
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> Result<Explanation> {
        Err(TantivyError::InvalidArgument("events are not ranked".into()))
    }
}

fn fill(documents: &mut BitSet, index: &InvertedIndexReader, term: &TermInfo) -> Result<()> {
    let mut blocks = index.read_block_postings_from_terminfo(term, IndexRecordOption::Basic)?;
    while !blocks.docs().is_empty() {
        for &doc in blocks.docs() {
            documents.insert(doc);
        }
        blocks.advance();
    }
    Ok(())
}

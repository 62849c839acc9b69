//! What matches one query and none of some others.
//!
//! tantivy's own exclusion asks the excluded for documents that lie behind them, which phrases and
//! intersections do not promise to answer. This one only ever asks forwards.

use tantivy::index::SegmentReader;
use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Result, Score, TERMINATED, TantivyError};

/// Matches of `of` that are in none of `except`.
#[derive(Debug)]
pub(crate) struct ExceptQuery {
    pub(crate) of: Box<dyn Query>,
    pub(crate) except: Vec<Box<dyn Query>>,
}

impl Clone for ExceptQuery {
    fn clone(&self) -> Self {
        let except = self.except.iter().map(|query| query.box_clone()).collect();
        Self { of: self.of.box_clone(), except }
    }
}

impl Query for ExceptQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> Result<Box<dyn Weight>> {
        let except = self.except.iter().map(|query| query.weight(scoring));
        Ok(Box::new(ExceptWeight {
            of: self.of.weight(scoring)?,
            except: except.collect::<Result<_>>()?,
        }))
    }
}

struct ExceptWeight {
    of: Box<dyn Weight>,
    except: Vec<Box<dyn Weight>>,
}

impl Weight for ExceptWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> Result<Box<dyn Scorer>> {
        let of = self.of.scorer(reader, boost)?;
        if of.doc() == TERMINATED {
            return Ok(of);
        }
        let except = self.except.iter().map(|weight| weight.scorer(reader, boost));
        let mut matches = Except { of, except: except.collect::<Result<_>>()? };
        matches.pass_over_excepted();
        Ok(Box::new(matches))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> Result<Explanation> {
        Err(TantivyError::InvalidArgument("events are not ranked".into()))
    }
}

struct Except {
    of: Box<dyn Scorer>,
    except: Vec<Box<dyn Scorer>>,
}

impl Except {
    fn pass_over_excepted(&mut self) -> DocId {
        let mut doc = self.of.doc();
        while doc != TERMINATED && self.except.iter_mut().any(|except| contains(except, doc)) {
            doc = self.of.advance();
        }
        doc
    }
}

fn contains(scorer: &mut Box<dyn Scorer>, doc: DocId) -> bool {
    if scorer.doc() < doc {
        scorer.seek(doc);
    }
    scorer.doc() == doc
}

impl DocSet for Except {
    fn advance(&mut self) -> DocId {
        self.of.advance();
        self.pass_over_excepted()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.of.seek(target);
        self.pass_over_excepted()
    }

    fn doc(&self) -> DocId {
        self.of.doc()
    }

    fn size_hint(&self) -> u32 {
        self.of.size_hint()
    }

    fn cost(&self) -> u64 {
        let except: u64 = self.except.iter().map(DocSet::cost).sum();
        self.of.cost().saturating_add(except)
    }
}

impl Scorer for Except {
    fn score(&mut self) -> Score {
        self.of.score()
    }
}

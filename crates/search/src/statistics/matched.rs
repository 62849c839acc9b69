//! Which documents of a segment match.

use std::ops::Range;

use annals_domain::{Filter, Position};
use tantivy::postings::BlockSegmentPostings;
use tantivy::{BitSet, COLLECT_BLOCK_BUFFER_LEN, DocId, DocSet, Result};

use super::{Deadline, condition};
use crate::compile::Compiled;
use crate::schema::Fields;
use crate::segment::Segment;

/// The matching documents: one run of neighbours, and others on both sides of it.
///
/// Events lie in the order of recording, and mostly are recorded soon after they happen, so the
/// matches of a time range are a long run with a few strays.
pub(super) struct Matched {
    /// All of these match.
    run: Range<DocId>,
    /// No match lies outside.
    span: Range<DocId>,
    /// Matches, those of the run too; none are needed when there are no strays.
    all: Option<BitSet>,
    count: u64,
    /// Whether there was time to find all.
    pub(super) complete: bool,
}

/// Documents between two looks at the clock.
const DOCUMENTS_PER_LOOK: u32 = 1 << 16;

impl Matched {
    /// The documents of the segment that match, up to the position `until`.
    pub(super) fn find(
        segment: &Segment,
        fields: &Fields,
        filter: &Filter,
        compiled: &Compiled,
        until: Position,
        deadline: Deadline,
    ) -> Result<Self> {
        let from = segment.first_until(until.0);
        match condition::left_to_ask(filter, segment, fields)? {
            Filter::All => Ok(Self::run(from..segment.documents())),
            left if left == *filter => Self::search(segment, compiled, from, deadline),
            left => {
                let compiled = condition::compiled(&left, fields)?;
                Self::search(segment, &compiled, from, deadline)
            }
        }
    }

    fn run(run: Range<DocId>) -> Self {
        let count = u64::from(run.end - run.start);
        Self { span: run.clone(), run, all: None, count, complete: true }
    }

    fn search(
        segment: &Segment,
        compiled: &Compiled,
        from: DocId,
        deadline: Deadline,
    ) -> Result<Self> {
        let mut matches = segment.matches_from(compiled, from)?;
        let mut runs = Runs::default();
        let mut all = BitSet::with_max_value(segment.documents());
        let mut block = [0; COLLECT_BLOCK_BUFFER_LEN];
        let mut look_at = 0;
        let mut complete = true;
        loop {
            let read = matches.fill_buffer(&mut block);
            for &doc in &block[..read] {
                all.insert(doc);
                runs.add(doc);
            }
            let Some(&last) = block[..read].last().filter(|_| read == block.len()) else { break };
            if last >= look_at {
                look_at = last.saturating_add(DOCUMENTS_PER_LOOK);
                complete = !deadline.is_over();
                if !complete {
                    break;
                }
            }
        }
        let Runs { longest, span, count, .. } = runs.ended();
        let strays = count > u64::from(longest.end - longest.start);
        Ok(Self { run: longest, span, all: strays.then_some(all), count, complete })
    }

    /// How many.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether they are all documents of a segment of so many.
    pub(super) fn is_all_of(&self, documents: u32) -> bool {
        self.count == u64::from(documents)
    }

    /// How many documents of the list are among them.
    pub(super) fn count_in(&self, list: &mut BlockSegmentPostings) -> u64 {
        let Some(all) = &self.all else {
            let before = list.rank(self.run.start);
            return u64::from(list.rank(self.run.end) - before);
        };
        let newer = count_between(list, self.span.start..self.run.start, all);
        let before = list.rank(self.run.start);
        let in_run = u64::from(list.rank(self.run.end) - before);
        let older = count_between(list, self.run.end..self.span.end, all);
        newer + in_run + older
    }

    /// Whether any document of the list is among them.
    pub(super) fn meets(&self, list: &mut BlockSegmentPostings) -> bool {
        let Some(all) = &self.all else { return self.count_in(list) > 0 };
        let mut at = list.seek(self.span.start);
        loop {
            let docs = list.docs().get(at..).unwrap_or_default();
            if docs.is_empty() {
                return false;
            }
            for &doc in docs {
                if doc >= self.span.end {
                    return false;
                }
                if all.contains(doc) {
                    return true;
                }
            }
            list.advance();
            at = 0;
        }
    }

    /// Calls `each` with the documents of the list that are among them.
    pub(super) fn each_in(&self, list: &mut BlockSegmentPostings, mut each: impl FnMut(DocId)) {
        match &self.all {
            Some(all) => each_between(list, self.span.clone(), all, &mut each),
            None => each_between(list, self.run.clone(), &Everything, &mut each),
        }
    }

    /// Calls `each` with all of them, many at once, until it answers that it is enough.
    pub(super) fn in_batches(&self, mut each: impl FnMut(&[DocId]) -> bool) {
        let mut batch = Vec::with_capacity(BATCH);
        let Some(all) = &self.all else {
            let mut from = self.run.start;
            while from < self.run.end {
                let until = self.run.end.min(from + BATCH as u32);
                batch.clear();
                batch.extend(from..until);
                if !each(&batch) {
                    return;
                }
                from = until;
            }
            return;
        };
        for word in self.span.start / WORD..self.span.end.div_ceil(WORD) {
            let mut docs = all.tinyset(word);
            while let Some(bit) = docs.pop_lowest() {
                batch.push(word * WORD + bit);
            }
            if batch.len() + WORD as usize > BATCH {
                if !each(&batch) {
                    return;
                }
                batch.clear();
            }
        }
        if !batch.is_empty() {
            each(&batch);
        }
    }
}

/// Documents in a batch.
const BATCH: usize = 1024;
/// Documents in a word of a bitset.
const WORD: u32 = 64;

/// How many documents of the list lie between and are held. Nothing is decided document by document,
/// so that the processor does several at once.
fn count_between(list: &mut BlockSegmentPostings, between: Range<DocId>, held: &BitSet) -> u64 {
    if between.is_empty() {
        return 0;
    }
    let mut at = list.seek(between.start);
    let mut count = 0;
    loop {
        let docs = list.docs().get(at..).unwrap_or_default();
        let Some(last) = docs.last() else { return count };
        let ends_here = *last >= between.end;
        let inside = match ends_here {
            true => &docs[..docs.partition_point(|doc| *doc < between.end)],
            false => docs,
        };
        count += inside.iter().map(|doc| u64::from(held.contains(*doc))).sum::<u64>();
        if ends_here {
            return count;
        }
        list.advance();
        at = 0;
    }
}

/// A set of documents.
trait Holds {
    fn holds(&self, doc: DocId) -> bool;
}

impl Holds for BitSet {
    fn holds(&self, doc: DocId) -> bool {
        self.contains(doc)
    }
}

struct Everything;

impl Holds for Everything {
    fn holds(&self, _: DocId) -> bool {
        true
    }
}

/// Calls `each` with the documents of the list that lie between and are held.
fn each_between(
    list: &mut BlockSegmentPostings,
    between: Range<DocId>,
    held: &impl Holds,
    each: &mut impl FnMut(DocId),
) {
    if between.is_empty() {
        return;
    }
    let mut at = list.seek(between.start);
    loop {
        let docs = list.docs().get(at..).unwrap_or_default();
        for &doc in docs {
            if doc >= between.end {
                return;
            }
            if held.holds(doc) {
                each(doc);
            }
        }
        if docs.is_empty() {
            return;
        }
        list.advance();
        at = 0;
    }
}

/// Finds the longest run in rising documents.
#[derive(Default)]
struct Runs {
    longest: Range<DocId>,
    current: Range<DocId>,
    span: Range<DocId>,
    count: u64,
}

impl Runs {
    fn add(&mut self, doc: DocId) {
        if self.count == 0 {
            self.span = doc..doc;
        }
        self.span.end = doc + 1;
        self.count += 1;
        if doc == self.current.end && !self.current.is_empty() {
            self.current.end = doc + 1;
        } else {
            self.keep_longer();
            self.current = doc..doc + 1;
        }
    }

    fn keep_longer(&mut self) {
        if self.current.len() > self.longest.len() {
            self.longest = self.current.clone();
        }
    }

    fn ended(mut self) -> Self {
        self.keep_longer();
        self
    }
}

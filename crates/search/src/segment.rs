//! One segment of the index with its columns opened.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;

use annals_domain::Position;
use annals_ports::Hit;
use tantivy::columnar::{Cardinality, Column, ColumnValues};
use tantivy::index::SegmentId;
use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Result, SegmentReader};

use crate::compile::Compiled;
use crate::schema::{OCCURRED, POSITION, RECEIVED};

/// Documents in descending order of position. Opening columns is dear, so it is done once.
pub(crate) struct Segment {
    pub(crate) reader: SegmentReader,
    position: Arc<dyn ColumnValues<u64>>,
    pub(crate) occurred: Arc<dyn ColumnValues<i64>>,
    pub(crate) received: Arc<dyn ColumnValues<i64>>,
    /// How often its matches were asked for.
    #[cfg(test)]
    pub(crate) asked: std::sync::atomic::AtomicUsize,
    /// Least and greatest; nothing need have just these values.
    pub(crate) occurred_span: RangeInclusive<i64>,
    pub(crate) received_span: RangeInclusive<i64>,
}

/// Positions after the first bound and up to the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) after: u64,
    pub(crate) until: u64,
}

impl Segment {
    pub(crate) fn open(reader: SegmentReader) -> Result<Self> {
        let columns = reader.fast_fields();
        let position = values_of(columns.u64(POSITION)?);
        let occurred = values_of(columns.i64(OCCURRED)?);
        let received = values_of(columns.i64(RECEIVED)?);
        Ok(Self {
            #[cfg(test)]
            asked: Default::default(),
            position,
            occurred_span: occurred.min_value()..=occurred.max_value(),
            received_span: received.min_value()..=received.max_value(),
            occurred,
            received,
            reader,
        })
    }

    pub(crate) fn id(&self) -> SegmentId {
        self.reader.segment_id()
    }

    pub(crate) fn documents(&self) -> u32 {
        self.reader.max_doc()
    }

    pub(crate) fn greatest_position(&self) -> u64 {
        if self.documents() == 0 { 0 } else { self.position.get_val(0) }
    }

    pub(crate) fn least_position(&self) -> u64 {
        self.documents().checked_sub(1).map_or(0, |last| self.position.get_val(last))
    }

    pub(crate) fn position(&self, doc: DocId) -> u64 {
        self.position.get_val(doc)
    }

    pub(crate) fn occurred_us(&self, doc: DocId) -> i64 {
        self.occurred.get_val(doc)
    }

    pub(crate) fn hit(&self, doc: DocId) -> Hit {
        Hit { position: Position(self.position(doc)), occurred_us: self.occurred_us(doc) }
    }

    /// The first document with a position up to `until`; all that follow have lower ones.
    pub(crate) fn first_until(&self, until: u64) -> DocId {
        let (mut low, mut high) = (0, self.documents());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.position(middle) <= until {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Whether anything here can match.
    pub(crate) fn may_match(&self, compiled: &Compiled) -> bool {
        self.documents() > 0 && compiled.window.may_hold(&self.occurred_span, &self.received_span)
    }

    /// The matches from the document on.
    pub(crate) fn matches_from(&self, compiled: &Compiled, doc: DocId) -> Result<Box<dyn Scorer>> {
        #[cfg(test)]
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut matches = compiled.weight.scorer(&self.reader, 1.0)?;
        if matches.doc() < doc {
            matches.seek(doc);
        }
        Ok(matches)
    }

    /// The number of matches, for queries that know it without reading them.
    pub(crate) fn count_at_once(&self, compiled: &Compiled) -> Result<u32> {
        compiled.weight.count(&self.reader)
    }
}

/// One value a document. Every document has one, so nothing needs to stand between.
fn values_of<T>(column: Column<T>) -> Arc<dyn ColumnValues<T>>
where
    T: PartialOrd + Copy + Default + Debug + Send + Sync + 'static,
{
    match column.get_cardinality() {
        Cardinality::Full => column.values,
        Cardinality::Optional | Cardinality::Multivalued => {
            column.first_or_default_col(T::default())
        }
    }
}

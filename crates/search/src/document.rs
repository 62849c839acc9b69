//! An event as tantivy sees it: three columns, fact terms and texts.
//!
//! An own document type keeps an event to a handful of allocations; tantivy's would make one or
//! more a value.

use annals_domain::Recorded;
use annals_domain::facts;
use annals_domain::text::Texts;
use tantivy::Document;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf};
use tantivy::schema::{Field, Value};

use crate::fact_terms::{FactTerms, Terms};
use crate::schema::Fields;

/// What is indexed of one event.
#[derive(Debug)]
pub(crate) struct EventDocument {
    fields: FieldIds,
    position: u64,
    occurred_us: i64,
    received_us: i64,
    facts: Terms,
    texts: String,
    text_ends: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct FieldIds {
    position: Field,
    occurred: Field,
    received: Field,
    facts: Field,
    words: Field,
}

impl EventDocument {
    pub(crate) fn new(recorded: &Recorded, fields: &Fields) -> Self {
        let event = &*recorded.event;
        let mut terms = FactTerms::with_capacity(2048, 96);
        facts::facts_of(event, &mut |path: &str, fact: facts::Fact<'_>| terms.add(path, fact));
        let mut runs = Texts::default();
        facts::texts_of(event, &mut runs);
        let mut texts = String::with_capacity(512);
        let mut text_ends = Vec::with_capacity(24);
        for run in runs.iter() {
            texts.push_str(run);
            text_ends.push(texts.len());
        }
        Self {
            fields: FieldIds {
                position: fields.position,
                occurred: fields.occurred,
                received: fields.received,
                facts: fields.facts,
                words: fields.words,
            },
            position: recorded.position.0,
            occurred_us: event.occurred_at.timestamp.as_microsecond(),
            received_us: event.received_at.timestamp.as_microsecond(),
            facts: terms.finish(),
            texts,
            text_ends,
        }
    }

    fn text(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.text_ends[index - 1] };
        &self.texts[start..self.text_ends[index]]
    }
}

impl Document for EventDocument {
    type Value<'a> = DocumentValue<'a>;
    type FieldsValuesIter<'a> = Values<'a>;

    fn iter_fields_and_values(&self) -> Values<'_> {
        Values { document: self, next: 0 }
    }
}

/// Yields the values of a document in the order of its fields.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    document: &'a EventDocument,
    next: usize,
}

const COLUMNS: usize = 3;

impl<'a> Iterator for Values<'a> {
    type Item = (Field, DocumentValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let EventDocument { fields, facts, text_ends, .. } = self.document;
        let index = self.next;
        self.next += 1;
        let texts_from = COLUMNS + facts.len();
        match index {
            0 => Some((fields.position, DocumentValue::Unsigned(self.document.position))),
            1 => Some((fields.occurred, DocumentValue::Signed(self.document.occurred_us))),
            2 => Some((fields.received, DocumentValue::Signed(self.document.received_us))),
            _ if index < texts_from => {
                Some((fields.facts, DocumentValue::Bytes(facts.get(index - COLUMNS))))
            }
            _ if index < texts_from + text_ends.len() => {
                Some((fields.words, DocumentValue::Text(self.document.text(index - texts_from))))
            }
            _ => None,
        }
    }
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DocumentValue<'a> {
    Unsigned(u64),
    Signed(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
}

impl<'a> Value<'a> for DocumentValue<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Unsigned(number) => ReferenceValueLeaf::U64(number),
            Self::Signed(number) => ReferenceValueLeaf::I64(number),
            Self::Bytes(bytes) => ReferenceValueLeaf::Bytes(bytes),
            Self::Text(text) => ReferenceValueLeaf::Str(text),
        })
    }
}

//! The values of one field in one segment, each with its list of documents.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use annals_domain::filter;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{InvertedIndexReader, Result, Term};

use super::Deadline;
use super::matched::Matched;
use crate::fact_terms::{Kind, is_always_present, term_prefix};
use crate::schema::Fields;
use crate::segment::Segment;

/// Values between two looks at the clock.
const VALUES_PER_LOOK: usize = 256;

/// A field of a segment.
pub(super) struct FieldValues<'a> {
    index: Arc<InvertedIndexReader>,
    fields: &'a Fields,
    path: &'a str,
    documents: u32,
    deadline: Deadline,
}

impl<'a> FieldValues<'a> {
    pub(super) fn of(
        segment: &Segment,
        fields: &'a Fields,
        filter::Field(path): &'a filter::Field,
        deadline: Deadline,
    ) -> Result<Self> {
        let index = segment.reader.inverted_index(fields.facts)?;
        Ok(Self { index, fields, path, documents: segment.documents(), deadline })
    }

    /// How many of the matches have the field.
    pub(super) fn present(&self, matched: &Matched) -> Result<u64> {
        if is_always_present(self.path) {
            return Ok(matched.count());
        }
        Ok(self.presence()?.map_or(0, |mut list| matched.count_in(&mut list)))
    }

    /// The documents that have the field, unless all have it or none.
    pub(super) fn presence(&self) -> Result<Option<BlockSegmentPostings>> {
        let term = term_prefix(self.path, Kind::Presence);
        let term = Term::from_field_bytes(self.fields.facts, &term);
        Ok(self.index.read_block_postings(&term, IndexRecordOption::Basic)?)
    }

    /// Calls `each` with every value that begins so and that a match has, and how many have it.
    /// Answers whether there was time for all.
    pub(super) fn each_value(
        &self,
        matched: &Matched,
        beginning: &str,
        mut each: impl FnMut(Cow<'_, str>, u64),
    ) -> Result<bool> {
        // Where everything matches, the dictionary says it all, and no list is opened.
        let everything = matched.is_all_of(self.documents);
        let mut list = None;
        let mut add = |value: Found<'_>, term: &TermInfo| {
            let events = match everything {
                true => u64::from(term.doc_freq),
                false => matched.count_in(self.list(&mut list, term)?),
            };
            if events > 0 {
                let text = value.text();
                // An address has no text of its own; only now can be seen how it begins.
                if text.starts_with(beginning) {
                    each(text, events);
                }
            }
            Ok(true)
        };
        Ok(self.walk_terms(Kind::Text, beginning, &mut add)?
            && self.walk_terms(Kind::Address, "", &mut add)?)
    }

    /// Calls `each` with every value and its documents. Answers whether there was time for all.
    pub(super) fn each_list(
        &self,
        mut each: impl FnMut(Found<'_>, &mut BlockSegmentPostings),
    ) -> Result<bool> {
        let always = |value: Found<'_>, list: &mut BlockSegmentPostings| {
            each(value, list);
            true
        };
        let mut always = always;
        // An address has no text of its own.
        Ok(self.walk(Kind::Text, "", &mut always)? && self.walk(Kind::Address, "", &mut always)?)
    }

    /// Calls `each` with the text values that begin with the prefix, in order, until it has enough.
    /// Answers whether there was time to go so far.
    pub(super) fn each_beginning(
        &self,
        prefix: &str,
        mut each: impl FnMut(Found<'_>, &mut BlockSegmentPostings) -> bool,
    ) -> Result<bool> {
        self.walk(Kind::Text, prefix, &mut each)
    }

    /// The same for addresses, whose order is not that of their texts.
    pub(super) fn each_address(
        &self,
        mut each: impl FnMut(Found<'_>, &mut BlockSegmentPostings) -> bool,
    ) -> Result<bool> {
        self.walk(Kind::Address, "", &mut each)
    }

    /// Calls `each` with every number that a match has, and how many have it.
    pub(super) fn each_number(
        &self,
        matched: &Matched,
        mut each: impl FnMut(f64, u64),
    ) -> Result<bool> {
        self.walk(Kind::Number, "", &mut |value, list| {
            if let Some(number) = value.number() {
                each(number, matched.count_in(list));
            }
            true
        })
    }

    fn walk(
        &self,
        kind: Kind,
        beginning: &str,
        each: &mut impl FnMut(Found<'_>, &mut BlockSegmentPostings) -> bool,
    ) -> Result<bool> {
        let mut list = None;
        self.walk_terms(kind, beginning, &mut |value, term| {
            Ok(each(value, self.list(&mut list, term)?))
        })
    }

    /// Calls `each` with every value of the kind that begins so, until it has enough. Answers whether
    /// there was time to go so far.
    fn walk_terms(
        &self,
        kind: Kind,
        beginning: &str,
        each: &mut impl FnMut(Found<'_>, &TermInfo) -> Result<bool>,
    ) -> Result<bool> {
        let mut prefix = term_prefix(self.path, kind);
        let behind = prefix.len();
        prefix.extend_from_slice(beginning.as_bytes());
        let mut terms = self.index.terms().range().ge(&prefix).into_stream()?;
        let mut looked_at = 0;
        while terms.advance() && terms.key().starts_with(&prefix) {
            if !each(Found { kind, bytes: &terms.key()[behind..] }, terms.value())? {
                break;
            }
            looked_at += 1;
            if looked_at % VALUES_PER_LOOK == 0 && self.deadline.is_over() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens the list of a term, in the place of the one before.
    fn list<'l>(
        &self,
        place: &'l mut Option<BlockSegmentPostings>,
        term: &TermInfo,
    ) -> Result<&'l mut BlockSegmentPostings> {
        match place {
            Some(list) => {
                self.index.reset_block_postings_from_terminfo(term, list)?;
                Ok(list)
            }
            None => {
                let option = IndexRecordOption::Basic;
                Ok(place.insert(self.index.read_block_postings_from_terminfo(term, option)?))
            }
        }
    }
}

/// A value as it stands in a term.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    kind: Kind,
    bytes: &'a [u8],
}

impl<'a> Found<'a> {
    /// The value as it is told.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self.address() {
            Some(address) => Cow::Owned(address.to_string()),
            None => String::from_utf8_lossy(self.bytes),
        }
    }

    fn address(self) -> Option<IpAddr> {
        let (family, bytes) = self.bytes.split_first().filter(|_| self.kind == Kind::Address)?;
        match family {
            4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
            _ => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
        }
    }

    fn number(self) -> Option<f64> {
        Some(tantivy::u64_to_f64(u64::from_be_bytes(self.bytes.try_into().ok()?)))
    }
}

//! What is left to ask of a segment of whose events some conditions hold anyway.
//!
//! Where a log has one tenant, or a segment lies within the asked times, nothing is left: all its
//! documents match, and none has to be looked at.

use annals_domain::Filter;
use annals_domain::filter::{Field, Test};
use tantivy::{DocSet, Result, TERMINATED, TantivyError, Term};

use crate::compile::Compiled;
use crate::fact_terms::{Kind, comparable, term_prefix};
use crate::schema::Fields;
use crate::segment::Segment;
use crate::window::Microseconds;

/// The filter without the conditions that hold for every event of the segment.
pub(super) fn left_to_ask(filter: &Filter, segment: &Segment, fields: &Fields) -> Result<Filter> {
    Ok(match filter {
        Filter::And(filters) => {
            let mut left = Vec::new();
            for filter in filters {
                match left_to_ask(filter, segment, fields)? {
                    Filter::All => {}
                    filter => left.push(filter),
                }
            }
            match (left.pop(), left.is_empty()) {
                (None, _) => Filter::All,
                (Some(only), true) => only,
                (Some(last), false) => {
                    left.push(last);
                    Filter::And(left)
                }
            }
        }
        Filter::Occurred(range) if Microseconds::of(range).hold(&segment.occurred_span) => {
            Filter::All
        }
        Filter::Received(range) if Microseconds::of(range).hold(&segment.received_span) => {
            Filter::All
        }
        Filter::Field(Field(path), Test::Equals(value))
            if every_document_has(path, value, segment, fields)? =>
        {
            Filter::All
        }
        Filter::Not(unwanted) if no_document_has(unwanted, segment, fields)? => Filter::All,
        filter => filter.clone(),
    })
}

/// Whether the condition, one on a field, holds for nothing here.
fn no_document_has(unwanted: &Filter, segment: &Segment, fields: &Fields) -> Result<bool> {
    if !matches!(unwanted, Filter::Field(..)) {
        return Ok(false);
    }
    let compiled = compiled(unwanted, fields)?;
    Ok(segment.matches_from(&compiled, 0)?.doc() == TERMINATED)
}

/// A filter, ready to be asked.
pub(super) fn compiled(filter: &Filter, fields: &Fields) -> Result<Compiled> {
    Compiled::new(filter, fields)
        .map_err(|error| TantivyError::InternalError(format!("preparing a query: {error}")))
}

fn every_document_has(path: &str, value: &str, segment: &Segment, fields: &Fields) -> Result<bool> {
    let mut term = term_prefix(path, Kind::Text);
    term.extend_from_slice(comparable(path, value).as_bytes());
    let index = segment.reader.inverted_index(fields.facts)?;
    let having = index.doc_freq(&Term::from_field_bytes(fields.facts, &term))?;
    Ok(having == segment.documents())
}

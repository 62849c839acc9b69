//! Values of a field that begin with a prefix.
//!
//! The terms of a segment are those of all tenants and of events outside of the caller's scope, so
//! a value is only told once a match was found that has it.

use std::collections::BTreeSet;

use annals_domain::Filter;
use annals_ports::{Values, ValuesRequest};
use tantivy::Result;

use super::Deadline;
use super::matched::Matched;
use super::values::FieldValues;
use crate::compile::Compiled;
use crate::schema::Fields;
use crate::segment::Segment;
use crate::view::View;

/// The first values, in alphabetical order.
pub(crate) fn suggest(
    view: &View,
    fields: &Fields,
    (filter, compiled): (&Filter, &Compiled),
    request: &ValuesRequest<'_>,
) -> Result<Values> {
    let deadline = Deadline::after(request.patience);
    let mut first = BTreeSet::new();
    let mut complete = true;
    for segment in view.newest_first().filter(|segment| segment.may_match(compiled)) {
        if deadline.is_over() {
            complete = false;
            break;
        }
        let matched = Matched::find(segment, fields, filter, compiled, request.until, deadline)?;
        complete &= matched.complete;
        if matched.count() > 0 {
            complete &= suggest_of(segment, fields, &matched, request, deadline, &mut first)?;
        }
    }
    Ok(Values { values: first.into_iter().collect(), complete })
}

fn suggest_of(
    segment: &Segment,
    fields: &Fields,
    matched: &Matched,
    request: &ValuesRequest<'_>,
    deadline: Deadline,
    first: &mut BTreeSet<String>,
) -> Result<bool> {
    let ValuesRequest { field, prefix, limit, .. } = *request;
    let values = FieldValues::of(segment, fields, field, deadline)?;
    let full = |first: &BTreeSet<String>, value: &String| {
        first.len() >= limit && first.last().is_none_or(|last| last < value)
    };
    let texts = values.each_beginning(prefix, |value, list| {
        let value = value.text().into_owned();
        if full(first, &value) {
            return false;
        }
        if !first.contains(&value) && matched.meets(list) {
            first.insert(value);
            shorten(first, limit);
        }
        true
    })?;
    let addresses = values.each_address(|value, list| {
        let value = value.text().into_owned();
        if value.starts_with(prefix) && !full(first, &value) && matched.meets(list) {
            first.insert(value);
            shorten(first, limit);
        }
        true
    })?;
    Ok(texts && addresses)
}

fn shorten(first: &mut BTreeSet<String>, limit: usize) {
    while first.len() > limit {
        first.pop_last();
    }
}

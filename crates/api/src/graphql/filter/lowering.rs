//! From the typed filter to the tree that everything understands.

use annals_domain::filter::{Field, Filter, Test, TextTest};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::{self, QueryContext};

use super::{AuditEventFilter, EventClass, PathFilter, StringFilter, fields};
use crate::context::ApiParts;
use crate::error::{ApiError, Code};

mod ranges;

/// The filter and the text query of an operation, joined.
pub(in crate::graphql) fn lowered(
    filter: Option<AuditEventFilter>,
    query: Option<String>,
    api: &ApiParts,
) -> Result<Filter, ApiError> {
    let filter = match filter {
        Some(filter) => lower(filter, &crate::rest::query_context(api))?,
        None => Filter::All,
    };
    match query {
        Some(text) => Ok(filter.and(crate::rest::parse_query(&text, api)?)),
        None => Ok(filter),
    }
}

/// The filter within the limits that the query language has.
pub(super) fn lower(
    filter: AuditEventFilter,
    context: &QueryContext<'_>,
) -> Result<Filter, ApiError> {
    Lowering { context, terms: 0, bytes: 0 }.filter(filter, 0)
}

struct Lowering<'a> {
    context: &'a QueryContext<'a>,
    terms: usize,
    /// Text of all conditions.
    bytes: usize,
}

impl Lowering<'_> {
    fn filter(&mut self, mut filter: AuditEventFilter, depth: usize) -> Result<Filter, ApiError> {
        let max = self.context.limits.depth_max;
        if depth > max {
            return Err(too_complex(format!("the filter is nested deeper than {max} levels")));
        }
        if depth > 0 {
            // One that says nothing counts as well: there must not be any number of them.
            self.count(1)?;
        }
        let mut all = Vec::new();
        for (paths, test) in fields::texts(&mut filter) {
            self.text(paths, test, &mut all)?;
        }
        for (path, words) in fields::words(&mut filter) {
            all.push(self.any(&[path], words)?);
        }
        for (prefix, paths) in fields::by_key(&mut filter) {
            for path in paths {
                self.path(prefix, path, &mut all)?;
            }
        }
        self.values(&mut filter, &mut all)?;
        for filter in filter.and.unwrap_or_default() {
            all.push(self.filter(filter, depth + 1)?);
        }
        if let Some(any) = filter.or {
            let any: Result<Vec<Filter>, ApiError> =
                any.into_iter().map(|filter| self.filter(filter, depth + 1)).collect();
            all.push(Filter::Or(any?));
        }
        if let Some(not) = filter.not {
            all.push(Filter::Not(Box::new(self.filter(*not, depth + 1)?)));
        }
        Ok(all.into_iter().fold(Filter::All, Filter::and))
    }

    /// Everything that is neither a text nor a list of filters.
    fn values(
        &mut self,
        filter: &mut AuditEventFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        if let Some(severity) = filter.severity.take() {
            self.severity(*severity, all)?;
        }
        if let Some(ip) = filter.ip.take() {
            all.push(self.networks("ip", vec![ip])?);
        }
        if let Some(addresses) = filter.client_ip.take() {
            self.addresses(*addresses, all)?;
        }
        if let Some(mfa) = filter.mfa {
            all.push(self.any(&["session.mfa"], [if mfa { "true" } else { "false" }])?);
        }
        if let Some(times) = filter.occurred_at.take() {
            all.push(self.one(Filter::Occurred(ranges::times("occurredAt", *times)?))?);
        }
        if let Some(times) = filter.received_at.take() {
            all.push(self.one(Filter::Received(ranges::times("receivedAt", *times)?))?);
        }
        if let Some(text) = filter.text.take() {
            self.count_bytes(&text)?;
            let words = annals_domain::text::words(&text);
            if words.is_empty() {
                return Err(wrong("text", "must hold a word"));
            }
            self.count(words.len())?;
            all.push(Filter::Text(TextTest { words, prefix: false }));
        }
        for name in filter.has.take().unwrap_or_default() {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            all.push(self.written("has", &format!("has:\"{quoted}\""))?);
        }
        if let Some(classes) = filter.is.take() {
            let mut any = Vec::new();
            for class in classes {
                any.push(self.written("is", is(class))?);
            }
            all.push(either(any));
        }
        Ok(())
    }

    /// A condition as the query language reads it.
    fn written(&mut self, field: &str, text: &str) -> Result<Filter, ApiError> {
        self.count_bytes(text)?;
        let filter =
            query::parse(text, self.context).map_err(|error| wrong(field, &error.message))?;
        self.count(match &filter {
            Filter::Or(any) => any.len(),
            _ => 1,
        })?;
        Ok(filter)
    }

    /// A condition that was counted.
    fn one(&mut self, filter: Filter) -> Result<Filter, ApiError> {
        self.count(1)?;
        Ok(filter)
    }

    fn count(&mut self, terms: usize) -> Result<(), ApiError> {
        self.terms += terms;
        let max = self.context.limits.terms_max;
        if self.terms > max {
            return Err(too_complex(format!("the filter has more than {max} conditions")));
        }
        Ok(())
    }

    fn count_bytes(&mut self, text: &str) -> Result<(), ApiError> {
        self.bytes += text.len();
        let max = self.context.limits.bytes_max;
        if self.bytes > max {
            return Err(too_complex(format!("the filter has more than {max} bytes of text")));
        }
        Ok(())
    }

    /// Any of the paths has a value that passes; what is denied, none of them has.
    fn text(
        &mut self,
        paths: &[&str],
        test: StringFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        if let Some(value) = test.eq {
            all.push(self.any(paths, [value])?);
        }
        if let Some(value) = test.neq {
            all.push(Filter::Not(Box::new(self.any(paths, [value])?)));
        }
        if let Some(values) = test.any_of {
            all.push(self.any(paths, values)?);
        }
        if let Some(values) = test.nin {
            all.push(Filter::Not(Box::new(self.any(paths, values)?)));
        }
        if let Some(part) = test.starts_with {
            all.push(self.like(paths, "startsWith", &part, &format!("{part}*"))?);
        }
        if let Some(part) = test.ends_with {
            all.push(self.like(paths, "endsWith", &part, &format!("*{part}"))?);
        }
        if let Some(part) = test.contains {
            all.push(self.like(paths, "contains", &part, &format!("*{part}*"))?);
        }
        if let Some(exists) = test.exists {
            let there = self.on_each(paths, &Test::Exists)?;
            all.push(if exists { there } else { Filter::Not(Box::new(there)) });
        }
        Ok(())
    }

    fn like(
        &mut self,
        paths: &[&str],
        name: &str,
        part: &str,
        pattern: &str,
    ) -> Result<Filter, ApiError> {
        self.count_bytes(part)?;
        if part.contains('*') {
            return Err(wrong(name, "must not hold `*`"));
        }
        // Two stars side by side mean what one means.
        let pattern = if part.is_empty() { "*" } else { pattern };
        self.on_each(paths, &Test::Like(comparable(paths, pattern)))
    }

    fn any<V: Into<String>>(
        &mut self,
        paths: &[&str],
        values: impl IntoIterator<Item = V>,
    ) -> Result<Filter, ApiError> {
        let mut any = Vec::new();
        for value in values {
            let value = value.into();
            self.count_bytes(&value)?;
            any.push(self.on_each(paths, &Test::Equals(comparable(paths, &value)))?);
        }
        Ok(either(any))
    }

    fn on_each(&mut self, paths: &[&str], test: &Test) -> Result<Filter, ApiError> {
        self.count(paths.len())?;
        let on = |path: &&str| Filter::Field(Field((*path).to_owned()), test.clone());
        Ok(either(paths.iter().map(on).collect()))
    }

    fn path(
        &mut self,
        prefix: &str,
        filter: PathFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        if filter.path.is_empty() {
            return Err(wrong(&format!("{prefix}.path"), "must name a key"));
        }
        self.count_bytes(&filter.path)?;
        let path = format!("{prefix}.{}", filter.path);
        let numbers = ranges::numbers(&filter);
        if let Some(test) = filter.value {
            self.text(&[&path], test, all)?;
        }
        if let Some(range) = numbers {
            all.push(self.on_each(&[&path], &Test::Number(range))?);
        }
        if let Some(exists) = filter.exists {
            let there = self.on_each(&[&path], &Test::Exists)?;
            all.push(if exists { there } else { Filter::Not(Box::new(there)) });
        }
        Ok(())
    }
}

/// At least one of the filters, without a list in the list.
fn either(filters: Vec<Filter>) -> Filter {
    let mut flat = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::Or(inner) => flat.extend(inner),
            filter => flat.push(filter),
        }
    }
    match <[Filter; 1]>::try_from(flat) {
        Ok([one]) => one,
        Err(several) => Filter::Or(several),
    }
}

/// Ids of events are written in small letters.
fn comparable(paths: &[&str], value: &str) -> String {
    if paths == ["id"] { value.to_ascii_lowercase() } else { value.to_owned() }
}

fn is(class: EventClass) -> &'static str {
    match class {
        EventClass::Significant => "is:significant",
        EventClass::Failed => "is:failed",
        EventClass::Change => "is:change",
    }
}

fn too_complex(message: String) -> ApiError {
    ApiError::new(Code::QueryTooComplex, message)
}

fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::field(FieldError::new(format!("filter.{field}"), ErrorCode::Malformed, message))
}

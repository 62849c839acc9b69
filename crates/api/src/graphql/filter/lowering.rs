//! From the typed filter to the tree that everything understands.

use annals_domain::filter::{Bound, Field, Filter, NumberRange, Test, TextTest, TimeRange};
use annals_domain::limits::QueryLimits;
use annals_domain::problem::{ErrorCode, FieldError};

use super::{AuditEventFilter, DateTimeFilter, PathFilter, SeverityFilter, StringFilter};
use crate::context::ApiParts;
use crate::error::{ApiError, Code};

/// The filter and the text query of an operation, joined.
pub(in crate::graphql) fn lowered(
    filter: Option<AuditEventFilter>,
    query: Option<String>,
    api: &ApiParts,
) -> Result<Filter, ApiError> {
    let filter = match filter {
        Some(filter) => lower(filter, &api.limits.query)?,
        None => Filter::All,
    };
    match query {
        Some(text) => Ok(filter.and(crate::rest::parse_query(&text, api)?)),
        None => Ok(filter),
    }
}

/// The filter within the limits that the query language has.
pub(super) fn lower(filter: AuditEventFilter, limits: &QueryLimits) -> Result<Filter, ApiError> {
    Lowering { limits, terms: 0, bytes: 0 }.filter(filter, 0)
}

struct Lowering<'a> {
    limits: &'a QueryLimits,
    terms: usize,
    /// Text of all conditions.
    bytes: usize,
}

impl Lowering<'_> {
    fn filter(&mut self, filter: AuditEventFilter, depth: usize) -> Result<Filter, ApiError> {
        if depth > self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(too_complex(format!("the filter is nested deeper than {max} levels")));
        }
        if depth > 0 {
            // One that says nothing counts as well: there must not be any number of them.
            self.count(1)?;
        }
        let mut all = Vec::new();
        let texts = [
            ("type", filter.event_type),
            ("source", filter.source),
            ("actor.id", filter.actor_id),
            ("actor.name", filter.actor_name),
            ("actor.email", filter.actor_email),
            ("subject.id", filter.subject_id),
            ("target.type", filter.target_type),
            ("target.id", filter.target_id),
            ("session.id", filter.session_id),
            ("request.id", filter.request_id),
            ("request.correlation_id", filter.correlation_id),
            ("client.country", filter.country),
        ];
        for (path, test) in texts {
            if let Some(test) = test {
                self.text(path, test, &mut all)?;
            }
        }
        if let Some(operations) = filter.operation {
            let word = |operation| annals_domain::event::Operation::from(operation).as_str();
            all.push(self.any("operation", operations.into_iter().map(word))?);
        }
        if let Some(outcomes) = filter.outcome {
            let word = |outcome| annals_domain::event::OutcomeStatus::from(outcome).as_str();
            all.push(self.any("outcome", outcomes.into_iter().map(word))?);
        }
        if let Some(severity) = filter.severity {
            self.severity(severity, &mut all)?;
        }
        if let Some(ip) = filter.ip {
            let network = self.network(&ip)?;
            all.push(self.one(network)?);
        }
        let range = |range: DateTimeFilter| TimeRange {
            from: range.gte.map(|from| from.0.timestamp),
            until: range.lt.map(|until| until.0.timestamp),
        };
        if let Some(times) = filter.occurred_at {
            all.push(self.one(Filter::Occurred(range(times)))?);
        }
        if let Some(times) = filter.received_at {
            all.push(self.one(Filter::Received(range(times)))?);
        }
        for (prefix, paths) in [("metadata", filter.metadata), ("labels", filter.labels)] {
            for path in paths.unwrap_or_default() {
                self.path(prefix, path, &mut all)?;
            }
        }
        if let Some(text) = filter.text {
            self.count_bytes(&text)?;
            let words = annals_domain::text::words(&text);
            if words.is_empty() {
                return Err(wrong("text", "must hold a word"));
            }
            self.count(words.len())?;
            all.push(Filter::Text(TextTest { words, prefix: false }));
        }
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

    /// A condition that was counted.
    fn one(&mut self, filter: Filter) -> Result<Filter, ApiError> {
        self.count(1)?;
        Ok(filter)
    }

    fn count(&mut self, terms: usize) -> Result<(), ApiError> {
        self.terms += terms;
        if self.terms > self.limits.terms_max {
            let max = self.limits.terms_max;
            return Err(too_complex(format!("the filter has more than {max} conditions")));
        }
        Ok(())
    }

    fn count_bytes(&mut self, text: &str) -> Result<(), ApiError> {
        self.bytes += text.len();
        if self.bytes > self.limits.bytes_max {
            let max = self.limits.bytes_max;
            return Err(too_complex(format!("the filter has more than {max} bytes of text")));
        }
        Ok(())
    }

    fn text(
        &mut self,
        path: &str,
        test: StringFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        for text in [&test.eq, &test.neq, &test.starts_with, &test.contains].into_iter().flatten() {
            self.count_bytes(text)?;
        }
        if let Some(value) = test.eq {
            all.push(self.one(Filter::equals(path, value))?);
        }
        if let Some(value) = test.neq {
            all.push(self.one(Filter::Not(Box::new(Filter::equals(path, value))))?);
        }
        if let Some(values) = test.any_of {
            all.push(self.any(path, values)?);
        }
        if let Some(values) = test.nin {
            all.push(Filter::Not(Box::new(self.any(path, values)?)));
        }
        if let Some(part) = test.starts_with {
            all.push(self.like(path, "startsWith", &part, format!("{part}*"))?);
        }
        if let Some(part) = test.contains {
            all.push(self.like(path, "contains", &part, format!("*{part}*"))?);
        }
        Ok(())
    }

    fn like(
        &mut self,
        path: &str,
        name: &str,
        part: &str,
        pattern: String,
    ) -> Result<Filter, ApiError> {
        if part.contains('*') {
            return Err(wrong(name, "must not hold `*`"));
        }
        self.one(Filter::Field(Field(path.into()), Test::Like(pattern)))
    }

    fn any<V: Into<String>>(
        &mut self,
        path: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Filter, ApiError> {
        let mut any = Vec::new();
        for value in values {
            let value = value.into();
            self.count(1)?;
            self.count_bytes(&value)?;
            any.push(Filter::equals(path, value));
        }
        Ok(Filter::Or(any))
    }

    fn severity(&mut self, filter: SeverityFilter, all: &mut Vec<Filter>) -> Result<(), ApiError> {
        if let Some(severities) = filter.any_of {
            let word = |severity| annals_domain::event::Severity::from(severity).as_str();
            all.push(self.any("severity", severities.into_iter().map(word))?);
        }
        if let Some(least) = filter.gte {
            let least = annals_domain::event::Severity::from(least);
            let from = Some(Bound { at: f64::from(least as u8), inclusive: true });
            let test = Test::Number(NumberRange { from, to: None });
            all.push(self.one(Filter::Field(Field("severity_rank".into()), test))?);
        }
        Ok(())
    }

    fn network(&self, text: &str) -> Result<Filter, ApiError> {
        let address = text.parse().map(|ip| Filter::ip("client.ip", ip)).ok();
        let network = || {
            let network = text.parse().ok()?;
            Some(Filter::Field(Field("client.ip".into()), Test::Network(network)))
        };
        address
            .or_else(network)
            .ok_or_else(|| wrong("ip", "must be an address or a network such as 10.0.0.0/8"))
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
        let field = || Field(path.clone());
        if let Some(test) = filter.value {
            self.text(&path, test, all)?;
        }
        if filter.gte.is_some() || filter.lt.is_some() {
            let from = filter.gte.map(|at| Bound { at, inclusive: true });
            let to = filter.lt.map(|at| Bound { at, inclusive: false });
            let range = Test::Number(NumberRange { from, to });
            all.push(self.one(Filter::Field(field(), range))?);
        }
        if let Some(exists) = filter.exists {
            let there = self.one(Filter::Field(field(), Test::Exists))?;
            all.push(if exists { there } else { Filter::Not(Box::new(there)) });
        }
        Ok(())
    }
}

fn too_complex(message: String) -> ApiError {
    ApiError::new(Code::QueryTooComplex, message)
}

fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::field(FieldError::new(format!("filter.{field}"), ErrorCode::Malformed, message))
}

//! `AuditEventFilter`: a filter as typed input; it becomes the same tree as the query language.

use annals_domain::filter::{Bound, Field, Filter, NumberRange, Test, TextTest, TimeRange};
use annals_domain::limits::QueryLimits;
use annals_domain::problem::{ErrorCode, FieldError};
use async_graphql::InputObject;

use super::scalars::{DateTime, Operation, OutcomeStatus, Severity};
use crate::context::ApiParts;
use crate::error::{ApiError, Code};

/// Conditions that must all hold.
#[derive(InputObject, Default)]
pub(super) struct AuditEventFilter {
    /// All of these hold.
    and: Option<Vec<AuditEventFilter>>,
    /// At least one of these holds.
    or: Option<Vec<AuditEventFilter>>,
    /// This does not hold.
    not: Option<Box<AuditEventFilter>>,
    /// Catalogue entry.
    #[graphql(name = "type")]
    event_type: Option<StringFilter>,
    /// Reporting application.
    source: Option<StringFilter>,
    /// Identifier of who acted.
    actor_id: Option<StringFilter>,
    /// Name of who acted.
    actor_name: Option<StringFilter>,
    /// E-mail address of who acted.
    actor_email: Option<StringFilter>,
    /// Identifier of whose account or data it concerns.
    subject_id: Option<StringFilter>,
    /// Kind of thing acted upon.
    target_type: Option<StringFilter>,
    /// Identifier of the thing acted upon.
    target_id: Option<StringFilter>,
    /// Session.
    session_id: Option<StringFilter>,
    /// Request.
    request_id: Option<StringFilter>,
    /// Business operation.
    correlation_id: Option<StringFilter>,
    /// Address or network, such as `10.0.0.0/8`.
    ip: Option<String>,
    /// Country code.
    country: Option<StringFilter>,
    /// Any of these operations.
    operation: Option<Vec<Operation>>,
    /// Any of these outcomes.
    outcome: Option<Vec<OutcomeStatus>>,
    /// Severity.
    severity: Option<SeverityFilter>,
    /// When it happened.
    occurred_at: Option<DateTimeFilter>,
    /// When it was recorded.
    received_at: Option<DateTimeFilter>,
    /// Values inside `metadata`.
    metadata: Option<Vec<PathFilter>>,
    /// Labels.
    labels: Option<Vec<PathFilter>>,
    /// Words in any text of the event, one after the other.
    text: Option<String>,
}

/// Conditions on a text; all that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct StringFilter {
    /// Equals this.
    eq: Option<String>,
    /// Does not equal this.
    neq: Option<String>,
    /// Equals one of these.
    #[graphql(name = "in")]
    any_of: Option<Vec<String>>,
    /// Equals none of these.
    nin: Option<Vec<String>>,
    /// Begins with this.
    starts_with: Option<String>,
    /// Holds this.
    contains: Option<String>,
}

/// Conditions on a severity.
#[derive(InputObject)]
pub(super) struct SeverityFilter {
    /// One of these.
    #[graphql(name = "in")]
    any_of: Option<Vec<Severity>>,
    /// This or worse.
    gte: Option<Severity>,
}

/// Conditions on an instant.
#[derive(InputObject)]
pub(super) struct DateTimeFilter {
    /// At or after.
    gte: Option<DateTime>,
    /// Before.
    lt: Option<DateTime>,
}

/// A condition on a value by its path.
#[derive(InputObject)]
pub(super) struct PathFilter {
    /// Keys joined by dots.
    path: String,
    /// Conditions on its text.
    value: Option<StringFilter>,
    /// Greater than or equal to.
    gte: Option<f64>,
    /// Less than.
    lt: Option<f64>,
    /// Whether there is a value at all.
    exists: Option<bool>,
}

/// The filter and the text query of an operation, joined.
pub(super) fn lowered(
    filter: Option<AuditEventFilter>,
    query: Option<String>,
    api: &ApiParts,
) -> Result<Filter, ApiError> {
    let limits = &api.limits.query;
    let mut lowering = Lowering { limits, terms: 0 };
    let filter = match filter {
        Some(filter) => lowering.filter(filter, 0)?,
        None => Filter::All,
    };
    match query {
        Some(text) => Ok(filter.and(crate::rest::parse_query(&text, api)?)),
        None => Ok(filter),
    }
}

struct Lowering<'a> {
    limits: &'a QueryLimits,
    terms: usize,
}

impl Lowering<'_> {
    fn filter(&mut self, filter: AuditEventFilter, depth: usize) -> Result<Filter, ApiError> {
        if depth > self.limits.depth_max {
            let max = self.limits.depth_max;
            return Err(too_complex(format!("the filter is nested deeper than {max} levels")));
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
            all.push(self.network(&ip)?);
        }
        let range = |range: DateTimeFilter| TimeRange {
            from: range.gte.map(|from| from.0.timestamp),
            until: range.lt.map(|until| until.0.timestamp),
        };
        all.extend(filter.occurred_at.map(|times| Filter::Occurred(range(times))));
        all.extend(filter.received_at.map(|times| Filter::Received(range(times))));
        for (prefix, paths) in [("metadata", filter.metadata), ("labels", filter.labels)] {
            for path in paths.unwrap_or_default() {
                self.path(prefix, path, &mut all)?;
            }
        }
        if let Some(text) = filter.text {
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
        self.count(all.len())?;
        Ok(all.into_iter().fold(Filter::All, Filter::and))
    }

    fn count(&mut self, terms: usize) -> Result<(), ApiError> {
        self.terms += terms;
        if self.terms > self.limits.terms_max {
            let max = self.limits.terms_max;
            return Err(too_complex(format!("the filter has more than {max} conditions")));
        }
        Ok(())
    }

    fn text(
        &mut self,
        path: &str,
        test: StringFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        let like = |pattern: String| Filter::Field(Field(path.into()), Test::Like(pattern));
        all.extend(test.eq.map(|value| Filter::equals(path, value)));
        all.extend(test.neq.map(|value| Filter::Not(Box::new(Filter::equals(path, value)))));
        if let Some(values) = test.any_of {
            all.push(self.any(path, values)?);
        }
        if let Some(values) = test.nin {
            all.push(Filter::Not(Box::new(self.any(path, values)?)));
        }
        for (name, part, pattern) in [
            ("startsWith", &test.starts_with, |part: &str| format!("{part}*")),
            ("contains", &test.contains, |part: &str| format!("*{part}*")),
        ] as [(&str, &Option<String>, fn(&str) -> String); 2]
        {
            let Some(part) = part else { continue };
            if part.contains('*') {
                return Err(wrong(name, "must not hold `*`"));
            }
            all.push(like(pattern(part)));
        }
        Ok(())
    }

    fn any<V: Into<String>>(
        &mut self,
        path: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Filter, ApiError> {
        let any: Vec<Filter> =
            values.into_iter().map(|value| Filter::equals(path, value)).collect();
        self.count(any.len())?;
        Ok(Filter::Or(any))
    }

    fn severity(
        &mut self,
        filter: SeverityFilter,
        all: &mut Vec<Filter>,
    ) -> Result<(), ApiError> {
        if let Some(severities) = filter.any_of {
            let word = |severity| annals_domain::event::Severity::from(severity).as_str();
            all.push(self.any("severity", severities.into_iter().map(word))?);
        }
        if let Some(least) = filter.gte {
            let least = annals_domain::event::Severity::from(least);
            let from = Some(Bound { at: f64::from(least as u8), inclusive: true });
            let test = Test::Number(NumberRange { from, to: None });
            all.push(Filter::Field(Field("severity_rank".into()), test));
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
        let path = format!("{prefix}.{}", filter.path);
        let field = || Field(path.clone());
        if let Some(test) = filter.value {
            self.text(&path, test, all)?;
        }
        if filter.gte.is_some() || filter.lt.is_some() {
            let from = filter.gte.map(|at| Bound { at, inclusive: true });
            let to = filter.lt.map(|at| Bound { at, inclusive: false });
            all.push(Filter::Field(field(), Test::Number(NumberRange { from, to })));
        }
        match filter.exists {
            Some(true) => all.push(Filter::Field(field(), Test::Exists)),
            Some(false) => {
                all.push(Filter::Not(Box::new(Filter::Field(field(), Test::Exists))));
            }
            None => {}
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

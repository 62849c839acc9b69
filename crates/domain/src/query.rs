//! The query language: what people type to find events, and the filter it means.
//!
//! One grammar for the API, the command line, the dashboard and rules; `docs/query-language.md`
//! describes it. Size, nesting and number of conditions are bounded before any work is done.

use jiff::Timestamp;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::filter::Filter;
use crate::limits::QueryLimits;

mod classes;
mod completion;
mod conditions;
mod counted;
mod fields;
mod lexer;
mod moments;
mod near;
mod parameters;
mod parser;
mod printer;
mod ranges;
mod suggestions;

pub use classes::{ClassInfo, classes};
pub use completion::{Choice, ChoiceKind, Completion, Lookup, complete};
pub use counted::{counted_field, number_field};
pub use fields::{FieldInfo, FieldKind, fields};
pub use parameters::{PARAMETERS, filter_from_parameters};
pub use printer::print;

/// What reading a query depends on beside its text.
#[derive(Debug, Clone, Copy)]
pub struct QueryContext<'a> {
    /// How large a query may be.
    pub limits: &'a QueryLimits,
    /// Now: what `after:-P7D` counts from.
    pub now: Timestamp,
    /// Which types there are: what `is:significant` asks for.
    pub catalogue: &'a Catalogue,
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryError {
    /// Where, in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right there.
    pub expected: String,
    /// What may have been meant; it can be written in place of what is wrong.
    pub suggestion: Option<String>,
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { column, message, expected, suggestion } = self;
        write!(f, "column {column}: {message}; expected {expected}")?;
        match suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryError {}

/// Reads a query. An empty one means every event.
pub fn parse(text: &str, context: &QueryContext<'_>) -> Result<Filter, QueryError> {
    let bytes_max = context.limits.bytes_max;
    if text.len() > bytes_max {
        return Err(QueryError {
            column: 1,
            message: format!("the query is {} bytes long", text.len()),
            expected: format!("at most {bytes_max} bytes"),
            suggestion: None,
        });
    }
    lexer::tokens(text)
        .and_then(|tokens| parser::filter(&tokens, text.len(), context))
        .map_err(|problem| problem.located_in(text))
}

/// What is wrong at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// Byte that it begins at.
    at: usize,
    message: String,
    expected: String,
    suggestion: Option<String>,
}

impl Problem {
    fn new(at: usize, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { at, message: message.into(), expected: expected.into(), suggestion: None }
    }

    fn suggesting(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    fn located_in(self, text: &str) -> QueryError {
        let before = &text[..text.floor_char_boundary(self.at)];
        QueryError {
            column: before.chars().count() + 1,
            message: self.message,
            expected: self.expected,
            suggestion: self.suggestion,
        }
    }
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! What is wrong with what a caller sent, told so that they can mend it.

use std::fmt;

use serde::Serialize;

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field, such as `targets[0].type`; empty for the whole.
    pub path: String,
    /// Stable word for programs.
    pub code: ErrorCode,
    /// Sentence for people: what is wrong and what would be right. Never holds the value itself.
    pub message: String,
}

/// Why a field was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not of the right type.
    Malformed,
    /// No such field.
    UnknownField,
    /// It must be given.
    Required,
    /// Longer, deeper or more than the limit.
    TooLarge,
    /// Outside of what can be.
    OutOfRange,
    /// Holds a NUL or control character.
    ControlCharacter,
    /// Two fields say different things.
    Contradiction,
    /// Not as the catalogue entry demands.
    Schema,
    /// No such catalogue entry, and the tenant takes only known ones.
    UnknownType,
    /// Only Annals itself writes these.
    Reserved,
    /// The caller may not write to that tenant.
    Forbidden,
    /// It looks like a secret, and would be stored readably.
    Secret,
    /// The same id was used for another event.
    IdempotencyConflict,
}

impl ErrorCode {
    /// The word programs see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownField => "unknown_field",
            Self::Required => "required",
            Self::TooLarge => "too_large",
            Self::OutOfRange => "out_of_range",
            Self::ControlCharacter => "control_character",
            Self::Contradiction => "contradiction",
            Self::Schema => "schema",
            Self::UnknownType => "unknown_type",
            Self::Reserved => "reserved",
            Self::Forbidden => "forbidden",
            Self::Secret => "secret",
            Self::IdempotencyConflict => "idempotency_conflict",
        }
    }
}

impl FieldError {
    /// States what is wrong with the field at `path`.
    pub fn new(path: impl Into<String>, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into() }
    }

    /// A reader's complaint, shortened and without what the caller sent.
    pub fn malformed(path: String, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let code = if text.starts_with("unknown field") {
            ErrorCode::UnknownField
        } else if text.starts_with("missing field") {
            ErrorCode::Required
        } else {
            ErrorCode::Malformed
        };
        let message: String = without_value(&text)
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .take(400)
            .collect();
        Self { path, code, message }
    }
}

/// The reader's sentence without the value it stumbled over.
fn without_value(text: &str) -> String {
    const REPEATING: &[(&str, &str)] = &[
        ("invalid type: ", "is not of the right type"),
        ("invalid value: ", "is not a right value"),
        ("unknown variant ", "is not a known word"),
    ];
    let repeating = REPEATING.iter().find(|(beginning, _)| text.starts_with(beginning));
    match (repeating, text.rsplit_once(", expected ")) {
        (Some((_, problem)), Some((_, expected))) => format!("{problem}; expected {expected}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "`{}`: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests;

//! What could be written at the cursor of a query.
//!
//! Pure: names, words and times are known here; values of events are named as a wish ([`Lookup`])
//! that whoever has an index fulfils.

use std::ops::Range;

use super::fields::{self, FieldKind, Named};
use super::lexer::{self, Operator, Placed, Token};
use super::{QueryContext, classes, printer};
use crate::event::Severity;
use crate::filter::{Field, Filter};

mod choices;
mod context;
mod place;

use context::rest_of;
use place::Place;

/// What could be written at the cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Which bytes of the query the chosen text replaces.
    pub replace: Range<usize>,
    /// The field whose value is written, as the documentation calls it; `None` while a name or
    /// word is.
    pub field: Option<&'static str>,
    /// What is known without looking at events, best first.
    pub choices: Vec<Choice>,
    /// Which values of events could be written.
    pub lookup: Option<Lookup>,
}

/// Something that could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is.
    pub kind: ChoiceKind,
    /// What to write.
    pub text: String,
    /// What it means, for people.
    pub description: &'static str,
}

/// What a choice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceKind {
    /// Name of a field, mostly with its operator.
    Field,
    /// A field with an operator that compares.
    Operator,
    /// `AND`, `OR`, `NOT`.
    Keyword,
    /// A value.
    Value,
}

/// Which values of events to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// Paths of the values; more than one where a name stands for several.
    pub fields: Vec<Field>,
    /// What the values begin with.
    pub prefix: String,
    /// What the rest of the query asks for: only events that match are looked at.
    pub rest: Filter,
    in_group: bool,
}

impl Lookup {
    /// How a value is written at the place of the cursor.
    pub fn written(&self, value: &str) -> String {
        let plain = |c: char| c.is_alphanumeric() || "_-./@".contains(c);
        let special = value.starts_with('-') || matches!(value, "AND" | "OR" | "NOT");
        match self.in_group && (special || !value.chars().all(plain)) {
            true => printer::quoted(value),
            false => printer::quoted_if_needed(value),
        }
    }
}

/// What could be written at byte `cursor` of the text. Never fails: where nothing can be said, no
/// choices are.
pub fn complete(text: &str, cursor: usize, context: &QueryContext<'_>) -> Completion {
    let cursor = text.floor_char_boundary(cursor.min(text.len()));
    let nothing =
        || Completion { replace: cursor..cursor, field: None, choices: Vec::new(), lookup: None };
    if text.len() > context.limits.bytes_max {
        return nothing();
    }
    match Place::of(text, cursor) {
        Some(place) => completion_at(&place, text, context),
        None => nothing(),
    }
}

fn completion_at(place: &Place, text: &str, context: &QueryContext<'_>) -> Completion {
    let replace = place.replace.clone();
    let Some(name) = &place.field else {
        let choices = match place.is_quoted {
            true => Vec::new(),
            false => choices::conditions(place, text),
        };
        return Completion { replace, field: None, choices, lookup: None };
    };
    let Some(field) = fields::find(name) else {
        return Completion { replace, field: None, choices: Vec::new(), lookup: None };
    };
    let prefix = place.prefix.as_str();
    let compares = place.operator != Operator::Is;
    let choices = match field.info.kind {
        _ if place.has_star => Vec::new(),
        FieldKind::Severity => choices::words(Severity::WORDS, prefix),
        FieldKind::Has if !compares => choices::names(prefix),
        FieldKind::Class if !compares => choices::classes(classes::classes(), prefix),
        FieldKind::OneOf(words) if !compares => choices::words(words, prefix),
        FieldKind::Flag if !compares => choices::words(&["true", "false"], prefix),
        FieldKind::Time(_) | FieldKind::Since(_) | FieldKind::Until(_) => {
            choices::times(prefix, context.now)
        }
        _ => Vec::new(),
    };
    let lookup = (!compares && !place.has_star && has_values(&field)).then(|| Lookup {
        fields: field.paths.iter().cloned().map(Field).collect(),
        prefix: prefix.to_owned(),
        rest: rest_of(text, place, context),
        in_group: place.in_group,
    });
    Completion { replace, field: Some(field.info.name), choices, lookup }
}

/// Whether the values of events are worth being suggested: ids of events are all different.
fn has_values(field: &Named) -> bool {
    use FieldKind::{Address, Flag, Identifier, OneOf, Severity, Text, Value};
    matches!(field.info.kind, Identifier | Text | OneOf(_) | Severity | Flag | Address | Value)
}

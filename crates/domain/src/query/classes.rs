//! `is:`: classes of events that many ask for, each another name for conditions.

use super::lexer::{Operator, Word};
use super::suggestions::nearest;
use super::{Problem, shortened};
use crate::catalogue::Catalogue;
use crate::filter::Filter;

use super::conditions::any_of;

/// A class of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassInfo {
    /// As it stands behind `is:`.
    pub name: &'static str,
    /// What it means, for people.
    pub description: &'static str,
    members: Members,
}

/// Which events belong to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Members {
    /// Those of whose types the catalogue says that the subject is told.
    Significant,
    /// Those with one of these values in the field.
    Values(&'static str, &'static [&'static str]),
}

/// Every class, in the order of the documentation.
pub fn classes() -> &'static [ClassInfo] {
    CLASSES
}

const CLASSES: &[ClassInfo] = &[
    ClassInfo {
        name: "significant",
        description: "the catalogue says that the subject is told",
        members: Members::Significant,
    },
    ClassInfo {
        name: "failed",
        description: "`outcome:failure,denied`",
        members: Members::Values("outcome", &["failure", "denied"]),
    },
    ClassInfo {
        name: "change",
        description: "`operation:create,update,delete,grant,revoke`",
        members: Members::Values("operation", &["create", "update", "delete", "grant", "revoke"]),
    },
];

/// What `is:name` means.
///
/// A class becomes its conditions while the query is read, so index, memory and streams know none
/// of it. What was read keeps the catalogue's types of that moment.
pub(super) fn members(
    operator: Operator,
    word: &Word<'_>,
    catalogue: &Catalogue,
) -> Result<Filter, Problem> {
    let names = || CLASSES.iter().map(|class| class.name);
    let expected = || format!("one of {}", names().collect::<Vec<_>>().join(", "));
    if operator != Operator::Is || !word.stars.is_empty() {
        return Err(Problem::new(word.at, "`is:` takes the name of a class", expected()));
    }
    let wanted = word.text.to_ascii_lowercase();
    let class = CLASSES.iter().find(|class| class.name == wanted).ok_or_else(|| {
        let unknown = format!("`{}` is no class of events", shortened(&word.text));
        Problem::new(word.at, unknown, expected())
            .suggesting(nearest(&wanted, names()).map(str::to_owned))
    })?;
    let equal = |field: &str, values: &mut dyn Iterator<Item = &str>| {
        any_of(values.map(|value| Filter::equals(field, value)).collect())
    };
    Ok(match class.members {
        Members::Significant => {
            let types = catalogue.types().filter(|entry| entry.significant);
            equal("type", &mut types.map(|entry| entry.name.as_str()))
        }
        Members::Values(field, values) => equal(field, &mut values.iter().copied()),
    })
}

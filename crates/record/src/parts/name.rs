//! What the parts are called, in the header and in a group.

use std::cmp::Ordering;
use std::fmt;

/// Names a part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartName {
    /// Who acted.
    Actor,
    /// What changed.
    Changes,
    /// From where.
    Client,
    /// Free text.
    Description,
    /// Why.
    Justification,
    /// Short names and values.
    Labels,
    /// Further facts.
    Metadata,
    /// In whose name; one part a principal, counted from 0.
    OnBehalfOf(u8),
    /// Code and reason of the outcome.
    Outcome,
    /// In which session.
    Session,
    /// Whose account or data; only when it does not follow from the actor.
    Subject,
    /// What was acted upon.
    Targets,
}

const ON_BEHALF_OF: &str = "on_behalf_of.";

impl PartName {
    /// Every name but `on_behalf_of`, which has a number.
    const PLAIN: [Self; 11] = [
        Self::Actor,
        Self::Changes,
        Self::Client,
        Self::Description,
        Self::Justification,
        Self::Labels,
        Self::Metadata,
        Self::Outcome,
        Self::Session,
        Self::Subject,
        Self::Targets,
    ];

    /// The word before the number, if there is a number.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Changes => "changes",
            Self::Client => "client",
            Self::Description => "description",
            Self::Justification => "justification",
            Self::Labels => "labels",
            Self::Metadata => "metadata",
            Self::OnBehalfOf(_) => ON_BEHALF_OF,
            Self::Outcome => "outcome",
            Self::Session => "session",
            Self::Subject => "subject",
            Self::Targets => "targets",
        }
    }

    /// The byte that stands before the part's JSON in a group.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Actor => 0x10,
            Self::Changes => 0x11,
            Self::Client => 0x12,
            Self::Description => 0x13,
            Self::Justification => 0x14,
            Self::Labels => 0x15,
            Self::Metadata => 0x16,
            Self::OnBehalfOf(_) => 0x17,
            Self::Outcome => 0x18,
            Self::Session => 0x19,
            Self::Subject => 0x1a,
            Self::Targets => 0x1b,
        }
    }

    /// Writes the code, and the number of a principal.
    pub(crate) fn write_code(self, out: &mut Vec<u8>) {
        out.push(self.code());
        if let Self::OnBehalfOf(number) = self {
            out.push(number);
        }
    }

    /// Reads what [`PartName::write_code`] wrote, and returns the bytes after it.
    pub(crate) fn read_code(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&code, rest) = bytes.split_first()?;
        if code == Self::OnBehalfOf(0).code() {
            let (&number, rest) = rest.split_first()?;
            return Some((Self::OnBehalfOf(number), rest));
        }
        let name = Self::PLAIN.into_iter().find(|name| name.code() == code)?;
        Some((name, rest))
    }

    /// Appends the name.
    pub(crate) fn write_name(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.word().as_bytes());
        if let Self::OnBehalfOf(number) = self {
            out.extend_from_slice(number.to_string().as_bytes());
        }
    }

    /// The order that RFC 8785 demands: by text, so `on_behalf_of.10` comes before `on_behalf_of.2`.
    pub(super) fn order_of_text(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::OnBehalfOf(a), Self::OnBehalfOf(b)) => a.to_string().cmp(&b.to_string()),
            _ => self.word().cmp(other.word()),
        }
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::OnBehalfOf(number) => number.fmt(f),
            _ => Ok(()),
        }
    }
}

/// The text names no part.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not the name of a part of an event")]
pub struct UnknownPart(pub String);

impl std::str::FromStr for PartName {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        let name = match text.strip_prefix(ON_BEHALF_OF) {
            Some(number) => number.parse().ok().map(Self::OnBehalfOf),
            None => Self::PLAIN.into_iter().find(|name| name.word() == text),
        };
        // `on_behalf_of.007` is not how the name is written.
        name.filter(|name| name.to_string() == text)
            .ok_or_else(|| UnknownPart(text.chars().take(64).collect()))
    }
}

//! Legal holds: what they cover neither expires nor is erased, whatever policies and requests say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifiers::EventId;

/// Holds of a tenant in force at once.
pub const HOLDS_MAX: usize = 500;

/// Who decided something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The person; empty when they were erased since.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Approval {
    /// Whether one person decided both. Of the erased nobody can tell; that they were two was looked at when they
    /// decided.
    pub fn is_by_the_same(&self, other: &Self) -> bool {
        !self.by.is_empty() && self.by == other.by
    }
}

/// A legal hold. It is in force from when it is placed, before anybody agrees: what is gone cannot be held
/// any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The event that placed it, with the reason; its name.
    pub event: EventId,
    /// The case it is for.
    pub matter: String,
    /// Which events it covers, in the query language and without anything relative; also those to come.
    pub query: String,
    /// Who placed it.
    pub placed: Approval,
    /// The second person who agreed that it is right.
    #[serde(default)]
    pub approved: Option<Approval>,
    /// Who wants it to end.
    #[serde(default)]
    pub release_asked: Option<Approval>,
    /// The second person who ended it.
    #[serde(default)]
    pub released: Option<Approval>,
}

/// How a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// In force; nobody else has agreed yet.
    Placed,
    /// In force, and agreed on.
    Approved,
    /// In force; somebody wants it to end.
    ReleaseAsked,
    /// Over.
    Released,
}

impl Hold {
    /// Whether it covers anything at all.
    pub fn is_in_force(&self) -> bool {
        self.released.is_none()
    }

    /// How it stands.
    pub fn status(&self) -> HoldStatus {
        match self {
            Self { released: Some(_), .. } => HoldStatus::Released,
            Self { release_asked: Some(_), .. } => HoldStatus::ReleaseAsked,
            Self { approved: Some(_), .. } => HoldStatus::Approved,
            _ => HoldStatus::Placed,
        }
    }
}

//! Requests to erase a person, and what is known of those who were.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hold::Approval;
use crate::identifiers::{EventId, TenantId};

/// Requests of a tenant that are kept, the newest; open ones always are.
pub const ERASURES_MAX: usize = 100_000;

/// A request to erase a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The event that asked, with the reason; its name.
    pub event: EventId,
    /// Who is to be erased; none: they were.
    #[serde(default)]
    pub person: Option<String>,
    /// Who asked.
    pub requested: Approval,
    /// The second person who agreed.
    #[serde(default)]
    pub approved: Option<Approval>,
    /// Who refused it or took it back; Annals itself when something forbids it.
    #[serde(default)]
    pub refused: Option<Approval>,
    /// Which key is to be destroyed, once that has begun.
    #[serde(default)]
    pub started: Option<ErasingKey>,
    /// When it was done.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// The event that tells of it, with the certificate.
    #[serde(default)]
    pub completed: Option<EventId>,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStatus {
    /// A second person has to agree.
    Requested,
    /// It is about to be done, or being done.
    Approved,
    /// It was refused, or taken back.
    Refused,
    /// Done.
    Completed,
}

/// The key of a person who is being erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasingKey {
    /// The pseudonym.
    pub person: String,
    /// Tells the key from later ones; none: the person had none.
    pub key_check: Option<String>,
}

/// An entry of the ledger of the erased: whatever comes back from an older backup is destroyed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedKey {
    /// The event that tells of it.
    pub event: EventId,
    /// The pseudonym: the id of the key, as it stands in names of streams.
    pub person: String,
    /// Tells the key that was destroyed from one that the person got later: 32 hexadecimal digits.
    pub key_check: String,
    /// When.
    pub at: Timestamp,
}

/// That no hold in force covers anything of a person. Holds that are placed later make it void.
#[derive(Debug)]
pub struct NoHold {
    pub(crate) person: String,
    /// The holds that were looked at.
    pub(crate) looked_at: Vec<EventId>,
}

/// A person may be erased: two people agreed, and no hold stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureClearance {
    pub(crate) request: EventId,
    pub(crate) tenant: TenantId,
    pub(crate) person: String,
}

/// Why a person is not erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErasureRefused {
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// It was refused, done, or nobody agreed yet.
    #[error("the request is not approved by a second person, or no longer open")]
    NotApproved,
    /// A hold was placed since it was looked for holds, or something was looked at for another person.
    #[error("holds have changed since they were looked at; look again")]
    LookAgain,
    /// Holds cover events of the person.
    #[error("{} legal holds cover events of the person", .0.len())]
    Held(Vec<EventId>),
}

impl Erasure {
    /// How it stands.
    pub fn status(&self) -> ErasureStatus {
        match self {
            Self { completed: Some(_), .. } => ErasureStatus::Completed,
            Self { refused: Some(_), .. } => ErasureStatus::Refused,
            Self { approved: Some(_), .. } => ErasureStatus::Approved,
            _ => ErasureStatus::Requested,
        }
    }

    /// Whether something is still to come of it.
    pub fn is_open(&self) -> bool {
        matches!(self.status(), ErasureStatus::Requested | ErasureStatus::Approved)
    }
}

impl ErasureClearance {
    /// The request.
    pub fn request(&self) -> EventId {
        self.request
    }

    /// Whose person it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Who is to be erased.
    pub fn person(&self) -> &str {
        &self.person
    }
}

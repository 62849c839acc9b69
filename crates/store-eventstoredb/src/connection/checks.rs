//! What is checked of a server before anything is written to it, and how it is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_ports::{Checkpoint, LogReplica};
use eventstore::RecordedEvent;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::Address;
use crate::failure::Failure;
use crate::generation::{Generation, Lane};
use crate::names::{Names, trouble_with};
use crate::settings::Settings;
use crate::wire::{Place, Proposed};

/// How many of the oldest events are looked at on a server that Annals has not marked as its own.
pub(crate) const FOREIGN_EVENTS_LOOKED_AT: usize = 1000;
/// Version of what the mark holds.
const MARK_VERSION: u64 = 1;
const MARK_TYPE: &str = "annals.installation.begun";

/// Why a server cannot be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be reached at this moment.
    #[error("the event log at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The user or the password is wrong, or the user may not read.
    #[error(
        "the event log at {address} does not accept the user or its password, or the user may not \
         read `$all`; `annals eventstore setup` grants what is needed"
    )]
    Credentials {
        /// Where.
        address: String,
    },
    /// Its certificate does not hold.
    #[error(
        "the certificate of the event log at {address} is not valid for it: {reason}; set \
         `tlsCaFile`, or use the host's name that stands in the certificate"
    )]
    Certificate {
        /// Where.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It lacks what is needed.
    #[error("the server at {address} is too old: Annals needs EventStoreDB 21.10 or newer")]
    TooOld {
        /// Where.
        address: String,
    },
    /// It is another log than the one this node has followed.
    #[error(
        "the event log at {address} is not the one this node has followed: {reason}. If it was \
         restored or exchanged on purpose, run `annals rebuild` to copy it anew"
    )]
    OtherLog {
        /// Where.
        address: String,
        /// How that shows.
        reason: String,
    },
    /// It holds streams of another program under our names.
    #[error(
        "the event log at {address} was written by somebody else: {reason}. Give Annals a server of \
         its own"
    )]
    Foreign {
        /// Where.
        address: String,
        /// How that shows.
        reason: String,
    },
    /// It was begun under another master key.
    #[error(
        "the event log at {address} was begun under another master key; set ANNALS_MASTER_KEY_FILE \
         to the key that all its nodes use"
    )]
    MasterKey {
        /// Where.
        address: String,
    },
    /// This process or machine lacks something.
    #[error("cannot connect to the event log: {0}")]
    Surroundings(String),
}

impl Refusal {
    /// Whether waiting does not cure it.
    pub fn is_definite(&self) -> bool {
        !matches!(self, Self::Unreachable { .. })
    }

    pub(crate) fn of(address: &Address, failure: &Failure) -> Self {
        let address = address.to_string();
        match failure {
            Failure::Denied => Self::Credentials { address },
            Failure::TooOld => Self::TooOld { address },
            Failure::Unknown { reason, .. } if speaks_of_certificates(reason) => {
                Self::Certificate { address, reason: reason.clone() }
            }
            other => Self::Unreachable { address, reason: other.to_string() },
        }
    }
}

/// How rustls says that it does not trust the other side.
fn speaks_of_certificates(reason: &str) -> bool {
    ["certificate", "UnknownIssuer", "NotValidForName"].iter().any(|word| reason.contains(word))
}

/// Whether a client was made before, which then has installed the provider of cryptography itself.
static CLIENT_WAS_MADE: AtomicBool = AtomicBool::new(false);

/// Looks for what makes the client library panic.
pub(super) fn check_surroundings(address: &Address, namespace: &str) -> Result<(), Refusal> {
    if let Some(trouble) = trouble_with(namespace) {
        return Err(Refusal::Surroundings(trouble));
    }
    let first = !CLIENT_WAS_MADE.load(Ordering::Acquire);
    if first && rustls::crypto::CryptoProvider::get_default().is_some() {
        let reason = "another part of this process has set up cryptography before it could";
        return Err(Refusal::Surroundings(reason.into()));
    }
    if address.uses_system_certificates() {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() || !found.errors.is_empty() {
            let reason = "this machine has no readable certificates of authorities, which the client \
                          needs also without TLS: install the package `ca-certificates`";
            return Err(Refusal::Surroundings(reason.into()));
        }
    }
    CLIENT_WAS_MADE.store(true, Ordering::Release);
    Ok(())
}

/// What a log must be for this node to go on with it.
pub(crate) struct Identity {
    /// What the node has copied of it.
    pub(crate) replica: Arc<dyn LogReplica>,
    /// Derived from the root key; the same on all nodes.
    pub(crate) key_check: String,
    pub(crate) names: Names,
}

impl Identity {
    pub(super) async fn check(
        &self,
        generation: &Generation,
        address: &Address,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let refused = |failure: Failure| Refusal::of(address, &failure);
        let patience = settings.read_patience;
        // In this order: the copy may be going on meanwhile, and must not be taken for longer than the
        // log that it is a copy of.
        let checkpoint = self.replica.checkpoint().await.map_err(|error| {
            Refusal::Surroundings(format!("the copy of the log cannot be read: {error}"))
        })?;
        let head = generation.head(patience).await.map_err(refused)?;
        if let Some(checkpoint) = checkpoint {
            let behind = self.read_at(generation, checkpoint, settings).await.map_err(refused)?;
            if let Some(reason) = differs(checkpoint, head, behind) {
                return Err(Refusal::OtherLog { address: address.to_string(), reason });
            }
        }
        match generation.read_last(&self.names.installation(), patience).await.map_err(refused)? {
            Some(mark) => self.check_mark(&mark.data, address),
            None => self.begin(generation, address, settings).await,
        }
    }

    /// What lies at the checkpoint, or is next after it.
    async fn read_at(
        &self,
        generation: &Generation,
        checkpoint: Checkpoint,
        settings: &Settings,
    ) -> Result<Found, Failure> {
        let place = Place { commit: checkpoint.commit, prepare: checkpoint.prepare };
        let found = generation.read_all_from(Some(place), 1, settings.read_patience).await;
        match found {
            Ok(events) => Ok(events.first().map_or(Found::Nothing, |event| Found::Event {
                place: Place::of(event),
                id: event.id,
            })),
            // No record begins there.
            Err(Failure::Refused(_)) => Ok(Found::NoRecord),
            Err(failure) => Err(failure),
        }
    }

    fn check_mark(&self, mark: &[u8], address: &Address) -> Result<(), Refusal> {
        match key_check_of(mark) {
            Some(key_check) if key_check == self.key_check => Ok(()),
            Some(_) => Err(Refusal::MasterKey { address: address.to_string() }),
            None => Err(Refusal::Foreign {
                address: address.to_string(),
                reason: format!(
                    "its stream `{}` does not hold our mark",
                    self.names.installation()
                ),
            }),
        }
    }

    /// Marks a server that Annals meets for the first time.
    async fn begin(
        &self,
        generation: &Generation,
        address: &Address,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let refused = |failure: Failure| Refusal::of(address, &failure);
        let oldest = generation
            .read_all_from(None, FOREIGN_EVENTS_LOOKED_AT, settings.read_patience)
            .await
            .map_err(refused)?;
        refuse_foreign(&oldest, &self.names, address)?;
        let mark = json!({ "version": MARK_VERSION, "key_check": self.key_check });
        let mark = Proposed::json(Uuid::new_v4(), MARK_TYPE, &mark)
            .map_err(|error| Refusal::Surroundings(error.to_string()))?;
        let written = generation
            .append(
                Lane::Aside,
                &self.names.installation(),
                eventstore::ExpectedRevision::NoStream,
                &[mark],
                settings.attempt_patience,
            )
            .await;
        match written {
            Ok(_) => Ok(()),
            // Another node was faster: its mark counts, and is checked with the next attempt.
            Err(failure) => Err(refused(failure)),
        }
    }
}

/// Refuses a server without our mark that has streams of our names among its oldest events.
pub(crate) fn refuse_foreign(
    oldest: &[RecordedEvent],
    names: &Names,
    address: &Address,
) -> Result<(), Refusal> {
    match oldest.iter().find(|event| names.of_records(&event.stream_id).is_some()) {
        Some(event) => {
            let reason = format!("it has a stream `{}` but not our mark", event.stream_id);
            Err(Refusal::Foreign { address: address.to_string(), reason })
        }
        None => Ok(()),
    }
}

/// The key check that a mark holds.
pub(crate) fn key_check_of(mark: &[u8]) -> Option<String> {
    let mark: Value = serde_json::from_slice(mark).ok()?;
    mark.get("key_check")?.as_str().map(str::to_owned)
}

/// What a server has at a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    NoRecord,
    Event { place: Place, id: Uuid },
}

/// How it shows that the checkpoint was not made on this log.
fn differs(checkpoint: Checkpoint, head: Option<Place>, found: Found) -> Option<String> {
    let ends_at = head.map_or(0, |head| head.commit);
    if ends_at < checkpoint.commit {
        return Some(format!("it ends at {ends_at}, but was followed up to {}", checkpoint.commit));
    }
    match found {
        Found::NoRecord => Some(format!("no record begins at {}", checkpoint.commit)),
        Found::Event { place, id }
            if place.commit == checkpoint.commit
                && checkpoint.event.is_some_and(|known| known != id) =>
        {
            Some(format!("another event lies at {}", checkpoint.commit))
        }
        // What lay there may have been scavenged.
        Found::Event { .. } | Found::Nothing => None,
    }
}

#[cfg(test)]
mod tests;

//! Refused events, kept until somebody has looked at them: sealed, bounded, each content once.

use std::sync::Arc;

use annals_domain::problem::FieldError;
use annals_domain::{EventId, TenantId};
use annals_ports::quarantine::{Bounds, Entry, NewEntry};
use annals_ports::{LocalStoreError, QuarantineStore, RefusalReason};
use annals_record::{EnvelopeKey, KeyError, RootKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};
use uuid::Uuid;

use crate::envelopes::EnvelopeKeys;
use crate::recorder::Durable;

/// Entries that are looked through at once.
const LOOK_AT_ONCE: usize = 100;

/// `[quarantine]`: how much is kept of refused events, for each tenant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineSettings {
    /// Entries.
    pub entries_max: u64,
    /// Bytes.
    pub bytes_max: u64,
    /// Days after which an entry that did not come again goes.
    pub days_max: u32,
}

/// Keeps refused events; cheap to clone.
#[derive(Clone)]
pub struct Quarantine {
    store: Arc<dyn QuarantineStore>,
    keys: Arc<EnvelopeKeys>,
    settings: QuarantineSettings,
}

/// An event that was refused.
#[derive(Debug, Clone)]
pub struct RefusedEvent {
    /// Why.
    pub reason: RefusalReason,
    /// Who sent it and what is wrong with it.
    pub facts: RefusalFacts,
    /// What was sent.
    pub content: bytes::Bytes,
}

/// Who sent a refused event and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalFacts {
    /// Who sent it: the `sub` of their token.
    pub sender: String,
    /// Which event it says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// In a sentence.
    pub message: String,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<KeptError>,
}

/// What was wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptError {
    /// Path of the field; empty for the whole.
    pub path: String,
    /// Stable word for programs.
    pub code: String,
    /// Sentence for people.
    pub message: String,
}

impl From<&FieldError> for KeptError {
    fn from(error: &FieldError) -> Self {
        let (path, message) = (error.path.clone(), error.message.clone());
        Self { path, code: error.code.as_str().into(), message }
    }
}

/// An entry of the quarantine, opened.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// Names it.
    pub id: Uuid,
    /// Why it was refused.
    pub reason: RefusalReason,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often it came.
    pub times: u64,
    /// Who sent it and what was wrong with it.
    pub facts: RefusalFacts,
}

/// Refused events could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The store failed.
    #[error("the quarantine cannot be used")]
    Store(#[from] LocalStoreError),
    /// It was sealed under another root key, or was changed.
    #[error("an entry of the quarantine does not open")]
    Sealing(#[from] KeyError),
    /// It opened, but is not what was put in.
    #[error("an entry of the quarantine cannot be read")]
    Form(#[from] serde_json::Error),
}

impl Quarantine {
    pub(crate) fn new(
        store: Arc<dyn QuarantineStore>,
        root: &RootKey,
        settings: QuarantineSettings,
    ) -> Self {
        Self { store, keys: Arc::new(EnvelopeKeys::new(root, "quarantine")), settings }
    }

    /// Keeps refused events of a tenant; tells under which ids.
    ///
    /// # Errors
    /// When they could not be kept. The operations log was told.
    pub async fn keep(
        &self,
        tenant: &TenantId,
        refused: Vec<RefusedEvent>,
        now: Timestamp,
    ) -> Result<Vec<Durable<Uuid>>, QuarantineError> {
        let count = refused.len();
        for one in &refused {
            let reason = one.reason.as_str();
            metrics::counter!("annals_quarantine_entries_total", "reason" => reason).increment(1);
        }
        let kept = self.try_keep(tenant, refused, now).await;
        kept.inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            error!(error, %tenant, "{count} refused events could not be kept in the quarantine");
            metrics::counter!("annals_quarantine_failures_total").increment(count as u64);
        })
    }

    async fn try_keep(
        &self,
        tenant: &TenantId,
        refused: Vec<RefusedEvent>,
        now: Timestamp,
    ) -> Result<Vec<Durable<Uuid>>, QuarantineError> {
        let key = self.keys.of(tenant);
        let sealing = tokio::task::spawn_blocking(move || {
            refused.into_iter().map(|one| sealed(&key, one, now)).collect::<Result<Vec<_>, _>>()
        });
        let entries =
            sealing.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let days = SignedDuration::from_hours(24 * i64::from(self.settings.days_max));
        let bounds = Bounds {
            entries_max: self.settings.entries_max,
            bytes_max: self.settings.bytes_max,
            not_before: now.checked_sub(days).unwrap_or(Timestamp::MIN),
        };
        let keeping = self.store.keep(tenant, entries, bounds).await?;
        if keeping.evicted > 0 {
            let evicted = keeping.evicted;
            warn!(%tenant, evicted, "the oldest refused events made way in the quarantine");
            metrics::counter!("annals_quarantine_evicted_total").increment(evicted);
        }
        Ok(keeping.ids.into_iter().map(Durable::confirmed).collect())
    }

    /// Entries of a tenant without their contents, newest first, before `before`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn list(
        &self,
        tenant: &TenantId,
        reason: Option<RefusalReason>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Quarantined>, QuarantineError> {
        let entries = self.store.list(tenant, reason, before, limit).await?;
        let key = self.keys.of(tenant);
        entries.into_iter().map(|entry| opened(&key, entry)).collect()
    }

    /// An entry with what was sent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn entry(
        &self,
        tenant: &TenantId,
        id: Uuid,
    ) -> Result<Option<(Quarantined, Vec<u8>)>, QuarantineError> {
        let Some((entry, content)) = self.store.entry(tenant, id).await? else { return Ok(None) };
        let key = self.keys.of(tenant);
        let content = key.open(&context(id, "content"), &content)?;
        Ok(Some((opened(&key, entry)?, content)))
    }

    /// Removes an entry; says whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, tenant: &TenantId, id: Uuid) -> Result<bool, QuarantineError> {
        Ok(self.store.remove(tenant, id).await?)
    }

    /// Removes the entries of a tenant of which `is_meant` says so, by who sent them and what they hold; answers
    /// how many. One that does not open tells nothing, and stays.
    pub(crate) async fn remove_if(
        &self,
        tenant: &TenantId,
        is_meant: impl Fn(&RefusalFacts, &[u8]) -> bool,
    ) -> Result<u64, QuarantineError> {
        let (mut before, mut removed) = (None, 0);
        loop {
            let page = self.list_ids(tenant, before).await?;
            let Some(last) = page.last() else { return Ok(removed) };
            before = Some(*last);
            for id in page {
                let meant = match self.entry(tenant, id).await {
                    Ok(Some((entry, content))) => is_meant(&entry.facts, &content),
                    Ok(None) | Err(QuarantineError::Sealing(_) | QuarantineError::Form(_)) => false,
                    Err(error) => return Err(error),
                };
                if meant {
                    removed += u64::from(self.remove(tenant, id).await?);
                }
            }
        }
    }

    async fn list_ids(
        &self,
        tenant: &TenantId,
        before: Option<Uuid>,
    ) -> Result<Vec<Uuid>, QuarantineError> {
        let entries = self.store.list(tenant, None, before, LOOK_AT_ONCE).await?;
        Ok(entries.into_iter().map(|entry| entry.id).collect())
    }

    /// How many entries there are, of all tenants.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn count(&self) -> Result<u64, QuarantineError> {
        Ok(self.store.count().await?)
    }
}

fn sealed(
    key: &EnvelopeKey,
    refused: RefusedEvent,
    now: Timestamp,
) -> Result<NewEntry, QuarantineError> {
    let id = Uuid::now_v7();
    let facts = serde_json::to_vec(&refused.facts)?;
    Ok(NewEntry {
        id,
        digest: key.name("content", &refused.content),
        reason: refused.reason,
        at: now,
        facts: key.seal(&context(id, "facts"), &facts)?,
        content: key.seal(&context(id, "content"), &refused.content)?,
    })
}

fn opened(key: &EnvelopeKey, entry: Entry) -> Result<Quarantined, QuarantineError> {
    let Entry { id, reason, first_at, last_at, times, facts } = entry;
    let facts = serde_json::from_slice(&key.open(&context(id, "facts"), &facts)?)?;
    Ok(Quarantined { id, reason, first_at, last_at, times, facts })
}

/// Binds what is sealed to its entry and its place in it.
fn context(id: Uuid, part: &str) -> Vec<u8> {
    [id.as_bytes(), part.as_bytes()].concat()
}

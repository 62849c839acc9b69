//! API keys: what is kept of them, and until when their secrets are good.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessEntry, Kept, text, texts, time};
use crate::event::Event;
use crate::identifiers::EventId;

/// How many keys of a tenant hold at once.
pub const KEYS_MAX: usize = 200;
/// How many that hold no longer are shown beside them, the newest.
const ENDED_MAX: usize = 200;

/// An API key. The secret itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Public id; part of the key.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub roles: Vec<String>,
    /// The only sources it may record for; empty: any.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Who made it.
    pub made_by: Option<String>,
    /// When.
    pub made_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// SHA-256 of the secret, hexadecimal.
    pub digest: String,
    /// The secret before that, while it is still good.
    #[serde(default)]
    pub former: Option<FormerSecret>,
    /// When it got another secret the last time.
    #[serde(default)]
    pub rotated_at: Option<Timestamp>,
    /// When it was taken away.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
    /// The event that tells of its making.
    pub event: EventId,
}

/// A secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// SHA-256 of it, hexadecimal.
    pub digest: String,
    /// Until when it is good.
    pub until: Timestamp,
}

impl ApiKey {
    /// Whether it holds at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    /// The digests of the secrets that are good at that time, and until when each is.
    pub fn good_digests(&self, now: Timestamp) -> impl Iterator<Item = (&str, Timestamp)> {
        let former = self.former.iter().map(|former| (former.digest.as_str(), former.until));
        let current = (self.digest.as_str(), self.expires_at);
        let live = self.is_live(now);
        std::iter::once(current)
            .chain(former)
            .map(|(digest, until)| (digest, until.min(self.expires_at)))
            .filter(move |(_, until)| live && now < *until)
    }
}

/// The keys of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct ApiKeys {
    by_id: BTreeMap<String, ApiKey>,
}

impl ApiKeys {
    pub(super) fn iter(&self) -> impl Iterator<Item = &ApiKey> {
        let mut keys: Vec<&ApiKey> = self.by_id.values().collect();
        keys.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
        keys.into_iter()
    }

    pub(super) fn find(&self, id: &str) -> Option<&ApiKey> {
        self.by_id.get(id)
    }

    pub(super) fn keep(&mut self, key: ApiKey) {
        self.by_id.insert(key.id.clone(), key);
    }

    pub(super) fn created(&mut self, event: &Event) -> Kept {
        let at = event.received_at.timestamp;
        let live = self.by_id.values().filter(|key| key.is_live(at)).count();
        let Some(key) = key_of(event).filter(|_| live < KEYS_MAX) else { return Kept::default() };
        self.keep(key.clone());
        Kept { put: vec![AccessEntry::ApiKey(key)], removed: self.drop_ended(at) }
    }

    pub(super) fn rotated(&mut self, event: &Event) -> Kept {
        let at = event.received_at.timestamp;
        let key = text(event, "key").and_then(|id| self.by_id.get_mut(id));
        let (Some(key), Some(digest)) = (key, text(event, "digest")) else {
            return Kept::default();
        };
        if !key.is_live(at) {
            return Kept::default();
        }
        let until = time(event, "grace_until").filter(|until| *until > at);
        let former = std::mem::replace(&mut key.digest, digest.to_owned());
        key.former = until.map(|until| FormerSecret { digest: former, until });
        key.rotated_at = Some(at);
        Kept::put(AccessEntry::ApiKey(key.clone()))
    }

    pub(super) fn revoked(&mut self, event: &Event) -> Kept {
        match text(event, "key").and_then(|id| self.by_id.get_mut(id)) {
            Some(key) if key.revoked_at.is_none() => {
                key.revoked_at = Some(event.received_at.timestamp);
                key.former = None;
                Kept::put(AccessEntry::ApiKey(key.clone()))
            }
            _ => Kept::default(),
        }
    }

    /// Forgets the oldest of those that hold no longer, if there are too many.
    fn drop_ended(&mut self, now: Timestamp) -> Vec<String> {
        let ended: Vec<&ApiKey> = self.iter().filter(|key| !key.is_live(now)).collect();
        let surplus = ended.len().saturating_sub(ENDED_MAX);
        let surplus: Vec<String> = ended[..surplus].iter().map(|key| key.id.clone()).collect();
        let drop = |id: String| {
            let key = self.by_id.remove(&id)?;
            Some(AccessEntry::ApiKey(key).name())
        };
        surplus.into_iter().filter_map(drop).collect()
    }
}

/// The key that an event tells of.
fn key_of(event: &Event) -> Option<ApiKey> {
    Some(ApiKey {
        id: text(event, "key")?.to_owned(),
        name: text(event, "name")?.to_owned(),
        roles: texts(event, "roles"),
        sources: texts(event, "sources"),
        made_by: event.actor.id.clone(),
        made_at: event.received_at.timestamp,
        expires_at: time(event, "expires_at")?,
        digest: text(event, "digest")?.to_owned(),
        former: None,
        rotated_at: None,
        revoked_at: None,
        event: event.id,
    })
}

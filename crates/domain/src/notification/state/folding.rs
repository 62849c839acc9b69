//! What an event makes of what a tenant said. What could not be is passed over: the rules hold also when
//! two nodes record at the same moment.

use serde_json::Value;
use uuid::Uuid;

use super::{
    ADDRESS_ADDED, ADDRESS_REMOVED, ADDRESS_VERIFIED, Changed, DISPUTE_RAISED, DISPUTES_MAX,
    Dispute, ENDPOINT_DISABLED, ENDPOINT_REMOVED, ENDPOINT_ROTATED, ENDPOINT_SET, KeptEndpoint,
    NotificationEntry, PREFERENCES_MAX, PREFERENCES_SET, RULE_REMOVED, RULE_SET, SetPreferences,
    SetRule, TenantNotifications, address_name,
};
use crate::event::Event;
use crate::identifiers::EventId;
use crate::notification::endpoint::{ENDPOINTS_MAX, Endpoint, SEALED_URL_BYTES_MAX, URL_CHARS_MAX};
use crate::notification::preferences::{ADDRESS_BYTES_MAX, ADDRESSES_MAX, Address, Preferences};
use crate::notification::rule::{RULES_MAX, Rule};

impl TenantNotifications {
    /// Takes in an event that only Annals writes.
    pub(crate) fn apply(&mut self, event: &Event) -> Changed {
        let changed = match event.event_type.as_str() {
            RULE_SET => self.rule_set(event),
            RULE_REMOVED => self.rule_removed(event),
            PREFERENCES_SET => self.preferences_set(event),
            ADDRESS_ADDED => self.address_added(event),
            ADDRESS_VERIFIED => self.address_verified(event),
            ADDRESS_REMOVED => self.address_removed(event),
            ENDPOINT_SET => self.endpoint_set(event),
            ENDPOINT_DISABLED => self.endpoint_disabled(event),
            ENDPOINT_ROTATED => self.endpoint_rotated(event),
            ENDPOINT_REMOVED => {
                let removed = uuid(event, "endpoint").and_then(|id| self.endpoints.remove(&id));
                removed.map(|kept| gone(format!("endpoint/{}", kept.endpoint.id)))
            }
            DISPUTE_RAISED => self.dispute_raised(event),
            _ => None,
        };
        let changed = changed.unwrap_or_default();
        changed.put.iter().for_each(|entry| self.keep(entry.clone()));
        changed
    }

    fn rule_set(&self, event: &Event) -> Option<Changed> {
        let rule: Rule = read(event, "rule")?;
        if self.rules.len() >= RULES_MAX && !self.rules.contains_key(&rule.id) {
            return None;
        }
        let set_at = event.received_at.timestamp;
        Some(put(NotificationEntry::Rule(SetRule { rule, set_at, event: event.id })))
    }

    fn rule_removed(&mut self, event: &Event) -> Option<Changed> {
        let removed = self.rules.remove(text(event, "rule")?)?;
        Some(gone(format!("rule/{}", removed.rule.id)))
    }

    fn preferences_set(&self, event: &Event) -> Option<Changed> {
        let preferences: Preferences = read(event, "preferences")?;
        let of_tenant = event.metadata.get("tenant").and_then(Value::as_bool) == Some(true);
        let person = match of_tenant {
            true => None,
            false => Some(subject(event)?),
        };
        let is_new = person.as_ref().is_some_and(|who| !self.preferences.contains_key(who));
        if preferences.problem().is_some() || (is_new && self.preferences.len() >= PREFERENCES_MAX)
        {
            return None;
        }
        Some(put(NotificationEntry::Preferences(SetPreferences { person, preferences })))
    }

    fn address_added(&self, event: &Event) -> Option<Changed> {
        let (person, id) = (subject(event)?, uuid(event, "address_id")?);
        let address = text(event, "address")?.to_owned();
        let held = self.addresses.contains_key(&(person.clone(), id));
        let full = self.addresses_of(&person).count() >= ADDRESSES_MAX;
        if held || full || address.len() > ADDRESS_BYTES_MAX || !address.contains('@') {
            return None;
        }
        let code_digest = text(event, "code_digest").map(str::to_owned);
        let (added_at, verified_at, event) = (event.received_at.timestamp, None, event.id);
        let added = Address { id, person, address, code_digest, added_at, verified_at, event };
        Some(put(NotificationEntry::Address(added)))
    }

    /// Whether the code was right was judged before it was recorded; here it is used up.
    fn address_verified(&self, event: &Event) -> Option<Changed> {
        let place = (subject(event)?, uuid(event, "address_id")?);
        let address = self.addresses.get(&place).filter(|one| one.verified_at.is_none())?;
        let verified = Address {
            code_digest: None,
            verified_at: Some(event.received_at.timestamp),
            event: event.id,
            ..address.clone()
        };
        Some(put(NotificationEntry::Address(verified)))
    }

    fn address_removed(&mut self, event: &Event) -> Option<Changed> {
        let place = (subject(event)?, uuid(event, "address_id")?);
        let removed = self.addresses.remove(&place)?;
        Some(gone(address_name(&removed.person, removed.id)))
    }

    /// As it is from now on, whole. A new one brings its secret; another form of it keeps the one it has.
    fn endpoint_set(&self, event: &Event) -> Option<Changed> {
        let mut endpoint: Endpoint = read(event, "endpoint")?;
        let before = self.endpoints.get(&endpoint.id);
        let sealed_url = text(event, "sealed_url").map(str::to_owned);
        if endpoint.url.chars().count() > URL_CHARS_MAX
            || sealed_url.as_ref().is_some_and(|url| url.len() > SEALED_URL_BYTES_MAX)
            || (before.is_none() && self.endpoints.len() >= ENDPOINTS_MAX)
        {
            return None;
        }
        endpoint.event = event.id;
        if endpoint.enabled {
            endpoint.disabled_because = None;
        }
        let secret = text(event, "sealed_secret").map(str::to_owned);
        let secret = secret.or_else(|| before.map(|before| before.secret.clone()))?;
        let former_secret = before.and_then(|before| before.former_secret.clone());
        endpoint.rotated_at = before.and_then(|before| before.endpoint.rotated_at);
        let kept = KeptEndpoint { endpoint, secret, sealed_url, former_secret };
        Some(put(NotificationEntry::Endpoint(kept)))
    }

    fn endpoint_disabled(&self, event: &Event) -> Option<Changed> {
        let mut kept = (**self.endpoints.get(&uuid(event, "endpoint")?)?).clone();
        kept.endpoint.enabled = false;
        kept.endpoint.disabled_because = text(event, "reason").map(str::to_owned);
        kept.endpoint.event = event.id;
        Some(put(NotificationEntry::Endpoint(kept)))
    }

    fn endpoint_rotated(&self, event: &Event) -> Option<Changed> {
        let mut kept = (**self.endpoints.get(&uuid(event, "endpoint")?)?).clone();
        let fresh = text(event, "sealed_secret")?.to_owned();
        kept.former_secret = Some(std::mem::replace(&mut kept.secret, fresh));
        kept.endpoint.rotated_at = Some(event.received_at.timestamp);
        kept.endpoint.event = event.id;
        Some(put(NotificationEntry::Endpoint(kept)))
    }

    /// A link is good once.
    fn dispute_raised(&mut self, event: &Event) -> Option<Changed> {
        let (person, about) = (subject(event)?, EventId(uuid(event, "about")?));
        if self.is_disputed(about, &person) {
            return None;
        }
        let mut changed = Changed::default();
        if self.disputes.len() >= DISPUTES_MAX {
            let oldest = self.disputes.pop_first().map(|(_, dispute)| dispute);
            changed.removed.extend(oldest.map(|one| format!("dispute/{}", one.event)));
        }
        let at = event.received_at.timestamp;
        changed.put.push(NotificationEntry::Dispute(Dispute {
            event: event.id,
            about,
            person,
            at,
        }));
        Some(changed)
    }
}

fn put(entry: NotificationEntry) -> Changed {
    Changed { put: vec![entry], removed: Vec::new() }
}

fn gone(name: String) -> Changed {
    Changed { put: Vec::new(), removed: vec![name] }
}

fn subject(event: &Event) -> Option<String> {
    event.subject.as_ref().map(|subject| subject.id.clone())
}

fn text<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.metadata.get(key)?.as_str()
}

fn uuid(event: &Event, key: &str) -> Option<Uuid> {
    text(event, key)?.parse().ok()
}

fn read<T: serde::de::DeserializeOwned>(event: &Event, key: &str) -> Option<T> {
    serde_json::from_value(event.metadata.get(key)?.clone()).ok()
}

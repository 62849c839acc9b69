//! Whom a rule reaches with an event, and on which ways.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Carried;
use crate::event::Event;
use crate::notification::outgoing::{Channel, Route};
use crate::notification::preferences::{ADDRESS_BYTES_MAX, Preferences};
use crate::notification::rule::{Audience, Rule, role_inbox};
use crate::notification::state::TenantNotifications;

/// Type of the event after which the old address and the new one are told.
const EMAIL_CHANGED: &str = "user.email.changed";
/// Where its changes name them: the first change of one of these paths.
const EMAIL_PATHS: [&str; 2] = ["/email", "/email_address"];
/// Where its metadata names them.
const EMAIL_KEYS: [&str; 2] = ["old_email", "new_email"];
/// Addresses that one event may have told although nobody verified them: before and after, in a change and in
/// the metadata. More would let whoever records events send mail to strangers.
pub const CHANGED_ADDRESSES_MAX: usize = 2 + EMAIL_KEYS.len();

/// A way to somebody.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    pub(super) recipient: Option<String>,
    pub(super) route: Route,
    pub(super) language: Option<String>,
    /// What the person wishes; nothing of endpoints and operators.
    pub(super) preferences: Option<Arc<Preferences>>,
}

/// Whom a rule reaches.
#[derive(Debug, Default)]
pub(super) struct Reached {
    pub(super) inboxes: BTreeSet<String>,
    pub(super) routes: Vec<Reach>,
}

pub(super) fn of(
    rule: &Rule,
    event: &Event,
    said: &TenantNotifications,
    carried: &Carried,
) -> Reached {
    let mut reached = Reached::default();
    let subject = event.subject.as_ref().map(|subject| subject.id.clone());
    let mut persons = BTreeSet::new();
    for who in &rule.audience {
        match who {
            Audience::Subject => persons.extend(subject.clone()),
            Audience::Actor => {
                persons.extend(event.actor.id.clone().filter(|_| event.actor.is_person()));
            }
            Audience::Person(id) => {
                persons.insert(id.clone());
            }
            Audience::Role(name) if rule.channels.contains(&Channel::Inbox) => {
                reached.inboxes.insert(role_inbox(name));
            }
            Audience::Role(_) => {}
            Audience::Endpoint(id) => {
                let kept = said.endpoint(*id).into_iter();
                add_endpoints(rule, event, carried, kept, &mut reached);
            }
            Audience::Endpoints => {
                add_endpoints(rule, event, carried, said.endpoints(), &mut reached);
            }
        }
    }
    for person in persons {
        add_person(rule, event, said, carried, &person, &mut reached);
    }
    if rule.channels.contains(&Channel::Syslog) && carried.channels.contains(&Channel::Syslog) {
        let (recipient, language, preferences) = (None, None, None);
        reached.routes.push(Reach { recipient, route: Route::Syslog, language, preferences });
    }
    reached
}

fn add_endpoints<'a>(
    rule: &Rule,
    event: &Event,
    carried: &Carried,
    endpoints: impl Iterator<Item = &'a Arc<crate::notification::KeptEndpoint>>,
    reached: &mut Reached,
) {
    for kept in endpoints.filter(|kept| kept.endpoint.enabled) {
        let channel = kept.endpoint.kind.channel();
        if rule.channels.contains(&channel) && carried.channels.contains(&channel) {
            let recipient = event.subject.as_ref().map(|subject| subject.id.clone());
            let route = Route::Endpoint { id: kept.endpoint.id };
            reached.routes.push(Reach { recipient, route, language: None, preferences: None });
        }
    }
}

fn add_person(
    rule: &Rule,
    event: &Event,
    said: &TenantNotifications,
    carried: &Carried,
    person: &str,
    reached: &mut Reached,
) {
    let own = said.preferences_of(person);
    let wishes = own.or(said.defaults());
    let allows = |channel| {
        let own = own.and_then(|own| own.allows(&rule.id, channel));
        let tenant = || said.defaults().and_then(|all| all.allows(&rule.id, channel));
        rule.mandatory || own.or_else(tenant).unwrap_or(true)
    };
    if rule.channels.contains(&Channel::Inbox) && allows(Channel::Inbox) {
        reached.inboxes.insert(person.to_owned());
    }
    let mails =
        rule.channels.contains(&Channel::Email) && carried.channels.contains(&Channel::Email);
    if !mails || !allows(Channel::Email) {
        return;
    }
    let is_subject = event.subject.as_ref().is_some_and(|subject| subject.id == person);
    let verified = said.addresses_of(person).filter(|address| address.verified_at.is_some());
    let mut addresses: Vec<String> = verified.map(|one| one.address.clone()).collect();
    if is_subject && event.event_type == EMAIL_CHANGED {
        addresses.extend(changed_addresses(event));
    }
    let mut known = BTreeSet::new();
    addresses.retain(|address| known.insert(address.to_lowercase()));
    let language = |wishes: Option<&Arc<Preferences>>| wishes.and_then(|it| it.language.clone());
    let language = language(own).or_else(|| language(said.defaults()));
    reached.routes.extend(addresses.into_iter().map(|address| Reach {
        recipient: Some(person.to_owned()),
        route: Route::Email { address },
        language: language.clone(),
        preferences: wishes.cloned(),
    }));
}

/// The address before and the one after: whoever took an account over must not be the only one to know.
fn changed_addresses(event: &Event) -> Vec<String> {
    let change = event.changes.iter().find(|change| EMAIL_PATHS.contains(&change.path.as_str()));
    let values = change.into_iter().flat_map(|change| [&change.before, &change.after]);
    let named = EMAIL_KEYS.iter().filter_map(|key| event.metadata.get(*key));
    let texts = values.chain(named).filter_map(serde_json::Value::as_str);
    let addresses = texts.filter(|text| text.len() <= ADDRESS_BYTES_MAX && text.contains('@'));
    addresses.take(CHANGED_ADDRESSES_MAX).map(str::to_owned).collect()
}

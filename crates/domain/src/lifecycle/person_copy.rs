//! What of an event a person is given who asks for all that is kept about them (GDPR article 15): nothing of
//! anybody else.

use crate::event::{Actor, Client, Event, JsonObject, Outcome};
use crate::filter::Filter;

/// Events about a person, done by them, or in their name.
pub fn concerning(person: &str) -> Filter {
    let field = |name: &str| Filter::equals(name, person);
    Filter::Or(vec![field("subject.id"), field("actor.id"), field("on_behalf_of.id")])
}

/// The event as the person may have it. Of others it tells no more than that somebody of their kind and roles
/// acted; of what happened to somebody else, only what the person did, when and from where.
pub fn copy_for(event: &Event, person: &str) -> Event {
    let acted = event.actor.id.as_deref() == Some(person);
    let is_theirs = match &event.subject {
        Some(subject) => subject.id == person,
        None => acted,
    };
    let mut copy = event.clone();
    copy.actor = theirs(&event.actor, person);
    copy.on_behalf_of = event.on_behalf_of.iter().map(|actor| theirs(actor, person)).collect();
    for target in &mut copy.targets {
        target.owner = target.owner.take().filter(|owner| owner == person);
    }
    if !acted {
        (copy.client, copy.session) = (Client::default(), None);
    }
    if !is_theirs {
        copy.subject = None;
        copy.targets = Vec::new();
        copy.changes = Vec::new();
        copy.metadata = JsonObject::new();
        copy.labels.clear();
        copy.description = None;
        copy.justification = None;
        copy.outcome = Outcome { code: None, reason: None, ..copy.outcome };
    }
    copy
}

fn theirs(actor: &Actor, person: &str) -> Actor {
    if actor.id.as_deref() == Some(person) {
        return actor.clone();
    }
    Actor { id: None, name: None, email: None, alt_ids: Default::default(), ..actor.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::examples::admitted;

    fn event() -> Event {
        admitted(json!({
            "type": "user.password.changed",
            "occurred_at": "2026-11-21T09:00:00Z",
            "actor": { "id": "ann", "name": "SECRET-ann", "email": "SECRET-ann@example.org" },
            "on_behalf_of": [{ "id": "cat", "name": "SECRET-cat" }],
            "subject": { "id": "ben", "name": "SECRET-ben" },
            "description": "SECRET-ben forgot it",
            "client": { "ip": "192.0.2.7", "user_agent": "SECRET-ann browser" },
            "session": { "id": "SECRET-ann session" },
            "targets": [{ "type": "account", "id": "SECRET-ben account", "owner": "dan" }],
            "changes": [{ "path": "/hint", "op": "replace", "after": "SECRET-ben hint" }],
            "metadata": { "method": "reset", "note": "SECRET-ben note" },
            "labels": { "team": "SECRET-ben team" },
            "justification": { "reason": "SECRET-ben asked" },
            "outcome": { "status": "success", "reason": "SECRET-ben reason" },
        }))
        .unwrap()
    }

    fn words(person: &str) -> Vec<String> {
        let text = serde_json::to_string(&copy_for(&event(), person)).unwrap();
        let found = text.match_indices("SECRET-").map(|(at, _)| text[at + 7..at + 10].to_owned());
        found.collect::<BTreeSet<_>>().into_iter().collect()
    }

    #[test]
    fn everybody_is_given_what_is_theirs_and_nothing_of_others() {
        assert_eq!(words("ann"), ["ann"], "who acted has where they acted from");
        assert_eq!(words("ben"), ["ben"], "whose account it is has what happened to it");
        assert_eq!(words("cat"), ["cat"]);
        assert!(words("eve").is_empty());
        let copy = copy_for(&event(), "ben");
        assert_eq!(copy.targets[0].owner, None, "whose else it is they are not told");
        assert_eq!(copy.actor.actor_type, event().actor.actor_type);
        let acted = copy_for(&event(), "ann");
        assert_eq!(acted.client.ip, event().client.ip);
        assert_eq!(acted.event_type, event().event_type);
    }

    #[test]
    fn who_acted_on_their_own_account_has_all_of_it() {
        let own = Event { subject: None, on_behalf_of: Vec::new(), ..event() };
        let copy = copy_for(&own, "ann");
        assert_eq!((copy.metadata, copy.description), (own.metadata, own.description));
    }

    #[test]
    fn the_question_finds_a_person_in_every_role() {
        for person in ["ann", "ben", "cat"] {
            assert!(concerning(person).matches(&event()), "{person}");
        }
        assert!(
            !concerning("dan").matches(&event()),
            "whose target it is, is somebody else's data"
        );
    }
}

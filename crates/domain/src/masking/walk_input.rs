//! The same fields of an event as a caller sends it, by all the names it may come under.

use super::path::Path;
use super::values::{Fate, Walk};
use crate::event::Client;
use crate::input::{ActorInput, ClientInput, EventInput, OutcomeInput, SubjectInput};

impl Walk<'_> {
    /// Masks what a caller sent.
    pub(super) fn input(&mut self, input: &mut EventInput) {
        self.optional(&Path::root("source"), &mut input.source);
        self.optional(&Path::root("environment"), &mut input.environment);
        self.optional(&Path::root("app_version"), &mut input.app_version);
        self.optional(&Path::root("description"), &mut input.description);
        if let Some(OutcomeInput { status: _, code, reason }) = &mut input.outcome {
            let outcome = Path::root("outcome");
            self.optional(&outcome.name("code"), code);
            self.optional(&outcome.name("reason"), reason);
        }
        if let Some(actor) = &mut input.actor {
            self.actor_input(&Path::root("actor"), actor);
        }
        for (index, principal) in input.on_behalf_of.iter_mut().enumerate() {
            self.actor_input(&Path::root("on_behalf_of").index(index), principal);
        }
        if let Some(SubjectInput { id: _, name, alt_ids }) = &mut input.subject {
            let subject = Path::root("subject");
            self.optional(&subject.name("name"), name);
            self.named_map(&subject.name("alt_ids"), alt_ids);
        }
        self.targets(&mut input.targets);
        self.named(&Path::root("targets").name("id"), &mut input.resource_id);
        self.changes(&mut input.changes);
        for state in [&mut input.before, &mut input.after] {
            if let Some(value) = state
                && self.value(&Path::root("changes"), value) == Fate::Goes
            {
                *state = None;
            }
        }
        self.circumstances(input);
        self.object(&Path::root("metadata"), &mut input.metadata);
        self.map(&Path::root("labels"), &mut input.labels);
    }

    fn circumstances(&mut self, input: &mut EventInput) {
        if let Some(ClientInput { ip: _, user_agent, device, geo }) = &mut input.client {
            let mut client = Client {
                ip: None,
                user_agent: user_agent.take(),
                device: device.take(),
                geo: geo.take(),
            };
            self.client(&mut client);
            (*user_agent, *device, *geo) = (client.user_agent, client.device, client.geo);
        }
        self.optional(&Path::root("client").name("user_agent"), &mut input.user_agent);
        let session_path = Path::root("session");
        if let Some(session) = &mut input.session {
            self.named(&session_path.name("id"), &mut session.id);
            self.optional(&session_path.name("auth_method"), &mut session.auth_method);
        }
        self.named(&session_path.name("id"), &mut input.session_id);
        self.justification(&mut input.justification);
        self.refused_identifiers(&mut input.request, &mut input.producer);
    }

    fn actor_input(&mut self, path: &Path<'_>, actor: &mut ActorInput) {
        let ActorInput { actor_type: _, id: _, name, email, roles, alt_ids } = actor;
        self.person(path, name, email, roles);
        self.named_map(&path.name("alt_ids"), alt_ids);
    }
}

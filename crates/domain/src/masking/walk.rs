//! Every field of an event that may be masked.

use super::path::Path;
use super::values::Walk;
use crate::event::{Actor, Client, Event, Subject, Target};

impl Walk<'_> {
    /// Masks an event. What is not named here stays as it is.
    pub(super) fn event(&mut self, event: &mut Event) {
        self.required(&Path::root("source"), &mut event.source);
        self.optional(&Path::root("environment"), &mut event.environment);
        self.optional(&Path::root("app_version"), &mut event.app_version);
        self.optional(&Path::root("description"), &mut event.description);
        let outcome = Path::root("outcome");
        self.optional(&outcome.name("code"), &mut event.outcome.code);
        self.optional(&outcome.name("reason"), &mut event.outcome.reason);
        self.actor(&Path::root("actor"), &mut event.actor);
        for (index, principal) in event.on_behalf_of.iter_mut().enumerate() {
            self.actor(&Path::root("on_behalf_of").index(index), principal);
        }
        if let Some(Subject { id: _, name, alt_ids }) = &mut event.subject {
            let subject = Path::root("subject");
            self.optional(&subject.name("name"), name);
            self.named_map(&subject.name("alt_ids"), alt_ids);
        }
        self.targets(&mut event.targets);
        self.changes(&mut event.changes);
        self.client(&mut event.client);
        if let Some(session) = &mut event.session {
            let path = Path::root("session");
            self.named(&path.name("id"), &mut session.id);
            self.optional(&path.name("auth_method"), &mut session.auth_method);
        }
        self.justification(&mut event.justification);
        self.object(&Path::root("metadata"), &mut event.metadata);
        self.map(&Path::root("labels"), &mut event.labels);
    }

    fn actor(&mut self, path: &Path<'_>, actor: &mut Actor) {
        let Actor { actor_type: _, id: _, name, email, roles, alt_ids } = actor;
        self.person(path, name, email, roles);
        self.named_map(&path.name("alt_ids"), alt_ids);
    }

    pub(super) fn person(
        &mut self,
        path: &Path<'_>,
        name: &mut Option<String>,
        email: &mut Option<String>,
        roles: &mut [String],
    ) {
        self.optional(&path.name("name"), name);
        self.optional(&path.name("email"), email);
        for (index, role) in roles.iter_mut().enumerate() {
            self.required(&path.name("roles").index(index), role);
        }
    }

    pub(super) fn targets(&mut self, targets: &mut [Target]) {
        for (index, target) in targets.iter_mut().enumerate() {
            let all = Path::root("targets");
            let path = all.index(index);
            self.named(&path.name("id"), &mut target.id);
            self.optional(&path.name("name"), &mut target.name);
        }
    }

    pub(super) fn changes(&mut self, changes: &mut [crate::event::Change]) {
        for (index, change) in changes.iter_mut().enumerate() {
            let all = Path::root("changes");
            let path = all.index(index);
            self.changed(&path.name("before"), &change.path, &mut change.before);
            self.changed(&path.name("after"), &change.path, &mut change.after);
            self.required(&path.name("path"), &mut change.path);
        }
    }

    pub(super) fn client(&mut self, client: &mut Client) {
        let path = Path::root("client");
        self.optional(&path.name("user_agent"), &mut client.user_agent);
        if let Some(device) = &mut client.device {
            self.optional(&path.name("device"), &mut device.name);
            self.optional(&path.name("device_type"), &mut device.device_type);
            self.optional(&path.name("os"), &mut device.os);
            self.optional(&path.name("browser"), &mut device.browser);
        }
        if let Some(geo) = &mut client.geo {
            self.optional(&path.name("country"), &mut geo.country);
            self.optional(&path.name("region"), &mut geo.region);
            self.optional(&path.name("city"), &mut geo.city);
        }
    }

    pub(super) fn justification(
        &mut self,
        justification: &mut Option<crate::event::Justification>,
    ) {
        if let Some(justification) = justification {
            let path = Path::root("justification");
            self.optional(&path.name("reason"), &mut justification.reason);
            self.optional(&path.name("ticket"), &mut justification.ticket);
            self.optional(&path.name("legal_basis"), &mut justification.legal_basis);
        }
    }
}

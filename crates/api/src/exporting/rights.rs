//! The rights of a requester: kept with their job, and looked at anew whenever it goes on.

use annals_domain::access::{Mask, Masks};
use annals_domain::filter::Filter;
use annals_domain::query::print;
use annals_engine::{ExportJob, Requester};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::auth::{Credential, Permission, Principal};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;

/// What a requester's rights follow from.
#[derive(Debug, Serialize, Deserialize)]
struct Rights {
    roles: Vec<String>,
    expires_at: Timestamp,
    credential: Credential,
    purpose: Option<String>,
    /// Which events they could see, as canonical text.
    scope: String,
    /// Whether they saw the whole of what concerns them.
    sees_own: bool,
    /// The parts of the tenant's events that they saw.
    parts: Vec<Part>,
    /// The person for whom the file is, who is given nothing of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

/// A part of the tenant's events.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    /// Which events, as canonical text.
    events: String,
    /// What was hidden in them.
    masks: Vec<Mask>,
}

/// The rights of a caller.
pub(super) fn of(
    principal: &Principal,
    about: Option<String>,
) -> Result<serde_json::Value, ApiError> {
    let rights = Rights {
        roles: principal.roles.clone(),
        expires_at: principal.expires_at,
        credential: principal.credential.clone(),
        purpose: principal.purpose.clone(),
        scope: print(&principal.scope()?.filter()),
        sees_own: principal.may(Permission::ReadOwnEvents),
        parts: parts_of(principal),
        about,
    };
    Ok(serde_json::to_value(rights).expect("rights are texts and lists of texts"))
}

/// The requester as a caller, if they may still export, and see what they saw when they asked.
///
/// Whatever takes access away from somebody is to be asked here, too: jobs ask every few seconds,
/// answers for every piece.
pub(super) fn principal_of(api: &ApiParts, requester: &Requester) -> Option<Principal> {
    let rights: Rights = serde_json::from_value(requester.rights.clone()).ok()?;
    if rights.expires_at <= api.clock.now() {
        return None;
    }
    let principal = Principal {
        id: requester.id.clone(),
        tenant: requester.tenant.clone(),
        grants: api.access.grants(rights.roles.iter().map(String::as_str)),
        roles: rights.roles.clone(),
        expires_at: rights.expires_at,
        credential: rights.credential.clone(),
        purpose: None,
        break_glass: None,
        sources: Vec::new(),
    };
    if !api.still_holds(&principal) {
        return None;
    }
    let principal = match &rights.purpose {
        Some(purpose) => principal.unmasked(purpose).ok()?,
        None => principal,
    };
    // A file is written with one sight from its first event to its last, also when roles come to mean
    // more in between: what it holds is given to whoever has the sight that is kept with it.
    let same_sight = rights.is_seen_by(&principal) && rights.parts == parts_of(&principal);
    let needed = match rights.about {
        None => Permission::ExportEvents,
        Some(_) => Permission::ManageErasures,
    };
    (principal.may(needed) && same_sight).then_some(principal)
}

/// The person for whom a requester has a copy made, if it is that.
pub(super) fn about(requester: &Requester) -> Option<String> {
    serde_json::from_value::<Rights>(requester.rights.clone()).ok()?.about
}

/// Whether the caller, who asked for the job, may still have what is in its file.
pub(crate) fn may_have(caller: &Caller, job: &ExportJob) -> bool {
    let rights = serde_json::from_value::<Rights>(job.requester.rights.clone());
    rights.is_ok_and(|rights| rights.is_seen_by(&caller.principal))
}

fn parts_of(principal: &Principal) -> Vec<Part> {
    let part = |(filter, masks): (&Filter, Masks)| Part {
        events: print(filter),
        masks: masks.list().collect(),
    };
    principal.grants.parts().map(part).collect()
}

impl Rights {
    /// Whether somebody sees the same events, and of each of them all that was shown: what several
    /// roles hide together says nothing of what one of them showed.
    fn is_seen_by(&self, principal: &Principal) -> bool {
        let scope = principal.scope().is_ok_and(|scope| print(&scope.filter()) == self.scope);
        let parts = parts_of(principal);
        let hides_no_more =
            |held: &Part, shown: &Part| held.masks.iter().all(|mask| shown.masks.contains(mask));
        let is_held = |shown: &Part| {
            let mut wide =
                parts.iter().filter(|held| held.events.is_empty() || held.events == shown.events);
            wide.any(|held| hides_no_more(held, shown))
        };
        let own = !self.sees_own
            || principal.may(Permission::ReadOwnEvents)
            || principal.grants.masks().is_empty();
        scope && own && self.parts.iter().all(is_held)
    }
}

//! The rights of a requester: kept with their job, and looked at anew whenever it goes on.

use annals_domain::access::Mask;
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
    /// What was hidden from them.
    masks: Vec<Mask>,
}

/// The rights of a caller.
pub(super) fn of(principal: &Principal) -> Result<serde_json::Value, ApiError> {
    let rights = Rights {
        roles: principal.roles.clone(),
        expires_at: principal.expires_at,
        credential: principal.credential.clone(),
        purpose: principal.purpose.clone(),
        scope: print(&principal.scope()?.filter()),
        masks: principal.grants.masks().list().collect(),
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
    let allowed = principal.may(Permission::ExportEvents) && rights.is_seen_by(&principal);
    allowed.then_some(principal)
}

/// Whether the caller, who asked for the job, may still have what is in its file.
pub(crate) fn may_have(caller: &Caller, job: &ExportJob) -> bool {
    let rights = serde_json::from_value::<Rights>(job.requester.rights.clone());
    rights.is_ok_and(|rights| rights.is_seen_by(&caller.principal))
}

impl Rights {
    /// Whether somebody sees the same events, and of them all that was shown.
    fn is_seen_by(&self, principal: &Principal) -> bool {
        let scope = principal.scope().is_ok_and(|scope| print(&scope.filter()) == self.scope);
        scope && principal.grants.masks().list().all(|mask| self.masks.contains(&mask))
    }
}

//! Tokens that were taken back before their time.

use annals_domain::access::state::{
    ACCESS_REVOKED, AccessState, Revocation, Revoked, RevokedToken,
};
use annals_domain::event::{JsonObject, Justification};
use annals_domain::problem::{ErrorCode, FieldError};
use serde::Deserialize;

use super::record;
use crate::auth::{Credential, Principal};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;

/// Whether a caller's token was revoked. Of a relay token also the issuer's access counts.
pub(super) fn is_revoked(state: &AccessState, principal: &Principal) -> bool {
    let Some(tenant) = state.tenant(&principal.tenant) else { return false };
    let is_revoked = |id: Option<&str>, subject: &str, issued_at: Option<i64>| {
        tenant.is_revoked(&RevokedToken { id, subject, issued_at })
    };
    match &principal.credential {
        Credential::Token { id, issued_at } => is_revoked(id.as_deref(), &principal.id, *issued_at),
        Credential::Relay { id, issued_at, issuer, token, .. } => {
            is_revoked(Some(id), &principal.id, Some(*issued_at))
                || is_revoked(token.as_deref(), issuer, Some(*issued_at))
        }
        Credential::ApiKey { .. } => false,
    }
}

/// What is to be revoked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(default)]
    token_id: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    all: bool,
    reason: String,
}

impl Wanted {
    fn what(&self) -> Result<Revoked, ApiError> {
        match (&self.token_id, &self.subject, self.all) {
            (Some(id), None, false) => Ok(Revoked::Token(id_of("token_id", id)?)),
            (None, Some(subject), false) => Ok(Revoked::Subject(id_of("subject", subject)?)),
            (None, None, true) => Ok(Revoked::All),
            _ => Err(ApiError::bad_request(
                "name one of `token_id` (a token's `jti`), `subject` (its `sub`) and `all: true`",
            )),
        }
    }
}

/// Ids are compared as they are, so nothing is trimmed.
fn id_of(field: &str, id: &str) -> Result<String, ApiError> {
    if (1..=512).contains(&id.len()) && !id.chars().any(char::is_control) {
        return Ok(id.to_owned());
    }
    let message = "has 1 to 512 bytes, none of them a control character";
    Err(ApiError::fields(vec![FieldError::new(field, ErrorCode::OutOfRange, message)]))
}

/// Revokes tokens that were issued before now.
pub(crate) async fn revoke(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Revocation, ApiError> {
    let what = wanted.what()?;
    let reason = super::text("reason", &wanted.reason, 3, 1000)?;
    let _turn = api.credentials.turn().await;
    let state = api.access_state()?;
    let (now, rules) = (api.clock.now(), api.credentials.rules);
    let tenant = state.tenant(&caller.principal.tenant);
    if tenant.is_some_and(|tenant| !tenant.takes_revocation(&what, now, rules)) {
        let message = "the tenant has as many revocations as are kept; revoke all of a subject or \
                       of the tenant instead";
        return Err(ApiError::new(Code::Conflict, message));
    }
    let mut metadata = JsonObject::new();
    match &what {
        Revoked::Token(id) => metadata.insert("token_id".into(), id.as_str().into()),
        Revoked::Subject(subject) => metadata.insert("subject".into(), subject.as_str().into()),
        Revoked::All => metadata.insert("all".into(), true.into()),
    };
    let justification =
        Some(Justification { reason: Some(reason), ticket: None, legal_basis: None });
    let fact = Fact { justification, metadata, ..Fact::new(ACCESS_REVOKED) };
    let (receipt, _) = record(api, caller, fact).await?;
    Ok(Revocation {
        what,
        by: Some(caller.principal.id.clone()),
        at: receipt.received_at.timestamp,
        event: receipt.id,
    })
}

/// The newest revocations of the caller's tenant, and how many there are.
pub(crate) fn list(
    api: &ApiParts,
    caller: &Caller,
    limit: usize,
) -> Result<(Vec<Revocation>, usize), ApiError> {
    let state = api.access_state()?;
    let all = state.tenant(&caller.principal.tenant).into_iter().flat_map(|t| t.revocations());
    let all: Vec<&Revocation> = all.collect();
    Ok((all.iter().take(limit).map(|revocation| (*revocation).clone()).collect(), all.len()))
}

//! API keys: `annals_<id>_<secret>_<checksum>`.
//!
//! The prefix lets scanners find keys that went astray; the checksum lets mistyped ones be refused
//! without a look at the state. Of the secret, 256 random bits, only a digest is kept.

use annals_domain::access::state::{
    AccessState, ApiKey, KEY_CREATED, KEY_REVOKED, KEY_ROTATED, KEYS_MAX,
};
use annals_domain::event::{JsonObject, Target};
use annals_domain::problem::{ErrorCode, FieldError};
use aws_lc_rs::{constant_time, digest, rand};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use jiff::{SignedDuration, Timestamp};

use super::{record, refused};
use crate::auth::{Credential, Principal};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::{ApiError, Code};
use crate::own_facts::Fact;

/// Every key begins with this, and no token does.
const PREFIX: &str = "annals_";
/// Characters of the public id, of the secret and of the checksum.
const ID_LEN: usize = 16;
const SECRET_LEN: usize = 43;
const CHECK_LEN: usize = 6;
const KEY_LEN: usize = PREFIX.len() + ID_LEN + 1 + SECRET_LEN + 1 + CHECK_LEN;
/// Before the id of a key, where it stands for whoever uses it. No token's `sub` begins with it.
pub(crate) const CALLER_PREFIX: &str = "api-key:";

/// How long a key holds when nothing is said, and at most.
const EXPIRES_DEFAULT: SignedDuration = SignedDuration::from_hours(90 * 24);
const EXPIRES_MAX: SignedDuration = SignedDuration::from_hours(365 * 24);
const EXPIRES_MIN: SignedDuration = SignedDuration::from_secs(60);
/// How long a former secret may go on beside the new one.
pub(crate) const GRACE_MAX: SignedDuration = SignedDuration::from_hours(24);
const ROLES_MAX: usize = 16;
const SOURCES_MAX: usize = 20;

/// A key in its parts.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Parts<'a> {
    id: &'a str,
    secret: &'a str,
}

/// Whether this is meant as an API key.
pub(crate) fn is_meant(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// Takes a key apart; nothing when it was mistyped.
fn parts(text: &str) -> Option<Parts<'_>> {
    if text.len() != KEY_LEN || !text.is_ascii() {
        return None;
    }
    let (content, check) = text.split_at(KEY_LEN - CHECK_LEN);
    if check != checksum(content) {
        return None;
    }
    let content = content.strip_prefix(PREFIX)?.strip_suffix('_')?;
    let (id, secret) = content.split_at(ID_LEN);
    Some(Parts { id, secret: secret.strip_prefix('_')? })
}

/// Thirty bits of a digest; it guards against mistakes, not against anybody.
fn checksum(content: &str) -> String {
    let digest = digest::digest(&digest::SHA256, content.as_bytes());
    BASE32_NOPAD.encode(&digest.as_ref()[..4])[..CHECK_LEN].to_ascii_lowercase()
}

/// What is kept of a secret. It is as random as the digest is long, so nothing slower is needed.
fn digest_of(key: Parts<'_>) -> String {
    let text = format!("annals api key\n{}\n{}", key.id, key.secret);
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Makes a key of an id and a fresh secret; tells the key and the digest of its secret.
fn make(id: &str) -> Result<(String, String), ApiError> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    let secret = BASE64URL_NOPAD.encode(&bytes);
    let content = format!("{PREFIX}{id}_{secret}_");
    let key = format!("{content}{}", checksum(&content));
    Ok((key, digest_of(Parts { id, secret: &secret })))
}

pub(super) fn fill(bytes: &mut [u8]) -> Result<(), ApiError> {
    rand::fill(bytes)
        .map_err(|_| ApiError::new(Code::Internal, "the operating system gives no random numbers"))
}

/// Until when a secret of that digest is good. Every digest is compared, each in constant time.
fn good_until(key: &ApiKey, digest: &str, now: Timestamp) -> Option<Timestamp> {
    let mut found = None;
    for (good, until) in key.good_digests(now) {
        let same = constant_time::verify_slices_are_equal(good.as_bytes(), digest.as_bytes());
        found = same.is_ok().then_some(until).or(found);
    }
    found
}

/// The caller of a key.
pub(crate) fn principal(
    api: &ApiParts,
    text: &str,
    named: Option<&str>,
) -> Result<Principal, ApiError> {
    let state = api.access_state()?;
    let now = api.clock.now();
    let parts = parts(text).ok_or_else(refused)?;
    let (tenant, key) = state.key(parts.id).ok_or_else(refused)?;
    let digest = digest_of(parts);
    let expires_at = good_until(key, &digest, now).ok_or_else(refused)?;
    if named.is_some_and(|named| named != tenant.as_str()) {
        return Err(ApiError::forbidden("the API key is not of the named tenant"));
    }
    api.credentials.uses.note(tenant, &key.id, now);
    Ok(Principal {
        id: format!("{CALLER_PREFIX}{}", key.id),
        tenant: tenant.clone(),
        roles: key.roles.clone(),
        grants: api.access.grants(key.roles.iter().map(String::as_str)),
        expires_at,
        credential: Credential::ApiKey { id: key.id.clone(), digest },
        purpose: None,
        break_glass: None,
        sources: key.sources.clone(),
    })
}

/// Whether a key that let somebody in with this secret still would.
pub(super) fn holds(state: &AccessState, id: &str, digest: &str, now: Timestamp) -> bool {
    state.key(id).is_some_and(|(_, key)| good_until(key, digest, now).is_some())
}

/// Whether a key holds, with whichever secret.
pub(super) fn is_live(state: &AccessState, id: &str, now: Timestamp) -> bool {
    state.key(id).is_some_and(|(_, key)| key.is_live(now))
}

/// What is asked for when a key is made.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    name: String,
    roles: Vec<String>,
    /// Seconds.
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    sources: Vec<String>,
}

/// A key as it is shown: with its secret this one time.
pub(crate) struct Made {
    pub(crate) key: ApiKey,
    pub(crate) secret: String,
}

/// Makes a key.
pub(crate) async fn create(
    api: &ApiParts,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Made, ApiError> {
    let name = super::text("name", &wanted.name, 1, 100)?;
    let roles = checked_roles(api, caller, wanted.roles)?;
    let sources = checked_sources(caller, wanted.sources)?;
    let lasts = wanted.expires_in.map_or(EXPIRES_DEFAULT, SignedDuration::from_secs);
    if !(EXPIRES_MIN..=EXPIRES_MAX).contains(&lasts) {
        let message = format!(
            "is {} to {} seconds: a minute to a year",
            EXPIRES_MIN.as_secs(),
            EXPIRES_MAX.as_secs()
        );
        return Err(wrong("expires_in", ErrorCode::OutOfRange, message));
    }
    let _turn = api.credentials.turn().await;
    let now = api.clock.now();
    let state = api.access_state()?;
    let tenant = state.tenant(&caller.principal.tenant);
    if tenant.map_or(0, |tenant| tenant.live_keys(now)) >= KEYS_MAX {
        return Err(full());
    }
    let mut id = [0; 10];
    fill(&mut id)?;
    let id = BASE32_NOPAD.encode(&id).to_ascii_lowercase();
    let (secret, digest) = make(&id)?;
    let mut metadata = JsonObject::new();
    metadata.insert("key".into(), id.as_str().into());
    metadata.insert("name".into(), name.as_str().into());
    metadata.insert("roles".into(), roles.into());
    metadata.insert("expires_at".into(), (now + lasts).to_string().into());
    metadata.insert("digest".into(), digest.into());
    if !sources.is_empty() {
        metadata.insert("sources".into(), sources.into());
    }
    let targets = vec![target(&id, Some(name))];
    let fact = Fact { targets, metadata, ..Fact::new(KEY_CREATED) };
    record(api, caller, fact).await?;
    // Another node may have made the last one in between.
    let key = find(api, caller, &id)?.ok_or_else(full)?;
    Ok(Made { key, secret })
}

/// Gives a key a new secret; the one it has goes on for a while.
pub(crate) async fn rotate(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    grace: SignedDuration,
) -> Result<Made, ApiError> {
    if !(SignedDuration::ZERO..=GRACE_MAX).contains(&grace) {
        let message = format!("is 0 to {} seconds", GRACE_MAX.as_secs());
        return Err(wrong("grace_seconds", ErrorCode::OutOfRange, message));
    }
    let _turn = api.credentials.turn().await;
    let now = api.clock.now();
    let key = find(api, caller, id)?.ok_or_else(not_found)?;
    if !key.is_live(now) {
        return Err(ApiError::new(Code::Conflict, "the key holds no longer; make another"));
    }
    // Whoever gets the secret can do what the key may.
    checked_roles(api, caller, key.roles.clone())?;
    require_sources(caller, &key.sources)?;
    let (secret, digest) = make(&key.id)?;
    let mut metadata = JsonObject::new();
    metadata.insert("key".into(), key.id.as_str().into());
    metadata.insert("digest".into(), digest.as_str().into());
    if !grace.is_zero() {
        metadata.insert("grace_until".into(), (now + grace).to_string().into());
    }
    let targets = vec![target(&key.id, Some(key.name.clone()))];
    record(api, caller, Fact { targets, metadata, ..Fact::new(KEY_ROTATED) }).await?;
    let key = find(api, caller, id)?.filter(|key| key.digest == digest);
    let key = key.ok_or_else(|| {
        ApiError::new(Code::Conflict, "the key was changed by somebody else meanwhile; look again")
    })?;
    Ok(Made { key, secret })
}

/// Takes a key away.
pub(crate) async fn revoke(api: &ApiParts, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let _turn = api.credentials.turn().await;
    let key = find(api, caller, id)?.ok_or_else(not_found)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    let mut metadata = JsonObject::new();
    metadata.insert("key".into(), key.id.as_str().into());
    let targets = vec![target(&key.id, Some(key.name))];
    record(api, caller, Fact { targets, metadata, ..Fact::new(KEY_REVOKED) }).await?;
    Ok(())
}

/// The keys of the caller's tenant, and when each was used last.
pub(crate) async fn list(
    api: &ApiParts,
    caller: &Caller,
) -> Result<Vec<(ApiKey, Option<Timestamp>)>, ApiError> {
    let state = api.access_state()?;
    let tenant = &caller.principal.tenant;
    let used = api.credentials.uses.last(tenant).await;
    let keys = state.tenant(tenant).into_iter().flat_map(|tenant| tenant.keys());
    Ok(keys.map(|key| (key.clone(), used.get(&key.id).copied())).collect())
}

/// What of a key may be seen by everybody: enough to find it in a configuration.
pub(crate) fn prefix(key: &ApiKey) -> String {
    format!("{PREFIX}{}", key.id)
}

fn find(api: &ApiParts, caller: &Caller, id: &str) -> Result<Option<ApiKey>, ApiError> {
    let state = api.access_state()?;
    Ok(state.tenant(&caller.principal.tenant).and_then(|tenant| tenant.key(id)).cloned())
}

/// Roles that exist, and together grant no more than the caller's own roles do. What the caller may
/// do for a moment, by emergency access or for a purpose, is not passed on.
fn checked_roles(
    api: &ApiParts,
    caller: &Caller,
    roles: Vec<String>,
) -> Result<Vec<String>, ApiError> {
    if !(1..=ROLES_MAX).contains(&roles.len()) {
        let message = format!("names 1 to {ROLES_MAX} roles");
        return Err(wrong("roles", ErrorCode::OutOfRange, message));
    }
    if roles.iter().any(|role| api.access.role(role).is_none()) {
        let message = "names a role that is not in the access policy; see /api/v1/access/policy";
        return Err(wrong("roles", ErrorCode::Malformed, message));
    }
    let own = api.access.grants(caller.principal.roles.iter().map(String::as_str));
    let wanted = api.access.grants(roles.iter().map(String::as_str));
    match own.lack_of(&wanted) {
        None => Ok(roles),
        Some(lack) => Err(ApiError::forbidden(format!(
            "a key can hold no more than you do yourself: the roles go beyond yours by {lack}"
        ))),
    }
}

/// Sources that the caller may record for; when none are named, those that bind the caller.
fn checked_sources(caller: &Caller, sources: Vec<String>) -> Result<Vec<String>, ApiError> {
    if sources.len() > SOURCES_MAX {
        let message = format!("names at most {SOURCES_MAX} sources");
        return Err(wrong("sources", ErrorCode::TooLarge, message));
    }
    if sources.is_empty() {
        return Ok(caller.principal.sources.clone());
    }
    let sources = sources.iter().map(|source| super::text("sources", source, 1, 256));
    let sources = sources.collect::<Result<Vec<String>, _>>()?;
    require_sources(caller, &sources)?;
    Ok(sources)
}

/// Refuses a key for other sources to whoever may record for some only.
fn require_sources(caller: &Caller, sources: &[String]) -> Result<(), ApiError> {
    let principal = &caller.principal;
    let free = principal.sources.is_empty();
    let bound =
        !sources.is_empty() && sources.iter().all(|source| principal.may_record_for(source));
    match free || bound {
        true => Ok(()),
        false => Err(ApiError::forbidden(
            "a key can hold no more than you do yourself: it is for sources that yours is not for",
        )),
    }
}

fn target(id: &str, name: Option<String>) -> Target {
    Target { target_type: "api_key".into(), id: Some(id.to_owned()), name, owner: None }
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

fn full() -> ApiError {
    let message = format!("the tenant has {KEYS_MAX} keys, as many as it may; revoke one first");
    ApiError::new(Code::Conflict, message)
}

fn not_found() -> ApiError {
    ApiError::not_found("API key")
}

#[cfg(test)]
mod tests;

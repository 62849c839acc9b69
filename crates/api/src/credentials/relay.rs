//! Tokens with which browsers record a few events themselves: short-lived, for one person and a few
//! types, signed by Annals.
//!
//! `annals-relay.v1.<content>.<mac>`: a form of their own under a key of their own. They are good at
//! `/api/v1/relay` and nowhere else, and no other token is good there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use annals_domain::TenantId;
use annals_domain::access::Grants;
use annals_domain::access::state::AccessState;
use annals_domain::event::{ActorType, Session};
use annals_domain::input::{ActorInput, ClientInput, EventInput, SubjectInput};
use annals_domain::problem::{ErrorCode, FieldError};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{api_keys, refused, revocations};
use crate::auth::{Credential, Permission, Principal};
use crate::caller::Caller;
use crate::context::{ApiParts, bearer_token};
use crate::error::{ApiError, Code};

const PREFIX: &str = "annals-relay.v1.";
/// Longer tokens are refused before they are looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How long a token holds at most, and when nothing is said.
const SECONDS_MAX: i64 = 900;
const SECONDS_DEFAULT: i64 = 300;
const TYPES_MAX: usize = 20;
/// How many events one token may bring, on each node.
pub(crate) const EVENTS_MAX: u32 = 1000;
/// How many tokens are counted at once; those that ended are forgotten.
const COUNTED_MAX: usize = 100_000;

/// Makes, checks and counts relay tokens.
pub(super) struct Relay {
    key: hmac::Key,
    counted: Mutex<HashMap<String, Counted>>,
}

/// What a token has brought.
struct Counted {
    events: u32,
    ends: i64,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    jti: String,
    tenant: TenantId,
    /// Who made it, and by which API key.
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The `jti` of the token it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    pub(crate) types: Vec<String>,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    iat: i64,
    exp: i64,
}

impl Relay {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), counted: Mutex::default() }
    }

    fn sign(&self, content: &Content) -> String {
        let content = serde_json::to_vec(content).unwrap_or_default();
        let signed = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&content));
        let mac = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(mac.as_ref()))
    }

    /// What a token of ours says, if it still holds.
    fn open(&self, token: &str, now: Timestamp) -> Option<Content> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, mac) = token.rsplit_once('.')?;
        let content = signed.strip_prefix(PREFIX)?;
        let mac = BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?;
        // In constant time; nothing of the content is believed before.
        hmac::verify(&self.key, signed.as_bytes(), &mac).ok()?;
        let content = BASE64URL_NOPAD.decode(content.as_bytes()).ok()?;
        let content: Content = serde_json::from_slice(&content).ok()?;
        (now.as_second() < content.exp).then_some(content)
    }

    /// Counts events of a token.
    fn count(&self, content: &Content, events: usize, now: Timestamp) -> Result<(), ApiError> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= COUNTED_MAX && !counted.contains_key(&content.jti) {
            counted.retain(|_, held| now.as_second() < held.ends);
            if counted.len() >= COUNTED_MAX {
                return Err(ApiError::busy());
            }
        }
        let held =
            counted.entry(content.jti.clone()).or_insert(Counted { events: 0, ends: content.exp });
        let events = u32::try_from(events).unwrap_or(u32::MAX).saturating_add(held.events);
        if events > EVENTS_MAX {
            let message = format!("the token has brought its {EVENTS_MAX} events; get another");
            return Err(ApiError::new(Code::RateLimited, message));
        }
        held.events = events;
        Ok(())
    }
}

/// What is asked for when a token is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    subject: WantedSubject,
    types: Vec<String>,
    #[serde(default)]
    ttl_seconds: Option<i64>,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    origin: Option<String>,
    #[serde(default)]
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedSubject {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// A token that was made.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) id: String,
    pub(crate) expires_at: Timestamp,
}

/// Makes a token for a browser.
pub(crate) fn issue(api: &ApiParts, caller: &Caller, wanted: Wanted) -> Result<Issued, ApiError> {
    let principal = &caller.principal;
    let now = api.clock.now();
    let lasts = wanted.ttl_seconds.unwrap_or(SECONDS_DEFAULT);
    if !(1..=SECONDS_MAX).contains(&lasts) {
        let message = format!("is 1 to {SECONDS_MAX}");
        return Err(wrong("ttl_seconds", ErrorCode::OutOfRange, message));
    }
    // A token does not outlast what its issuer was let in by.
    let expires_at = (now + SignedDuration::from_secs(lasts)).min(principal.expires_at);
    let mut id = [0; 16];
    api_keys::fill(&mut id)?;
    let id = BASE64URL_NOPAD.encode(&id);
    let optional = |field: &str, given: Option<String>, most| {
        given.map(|given| super::text(field, &given, 1, most)).transpose()
    };
    let content = Content {
        jti: id.clone(),
        tenant: principal.tenant.clone(),
        issuer: principal.id.clone(),
        key: match &principal.credential {
            Credential::ApiKey { id, .. } => Some(id.clone()),
            Credential::Token { .. } | Credential::Relay { .. } => None,
        },
        by: match &principal.credential {
            Credential::Token { id, .. } => id.clone(),
            Credential::ApiKey { .. } | Credential::Relay { .. } => None,
        },
        sub: super::text("subject.id", &wanted.subject.id, 1, 256)?,
        name: optional("subject.name", wanted.subject.name, 256)?,
        types: checked_types(wanted.types)?,
        source: source(principal, optional("source", wanted.source, 256)?)?,
        session: optional("session_id", wanted.session_id, 256)?,
        origin: wanted.origin.map(checked_origin).transpose()?,
        iat: now.as_second(),
        exp: expires_at.as_second(),
    };
    let token = api.credentials.relay.sign(&content);
    Ok(Issued { token, id, expires_at: Timestamp::from_second(content.exp).unwrap_or(expires_at) })
}

/// The caller of a relay token, who may do nothing but bring events.
pub(crate) fn principal(api: &ApiParts, headers: &HeaderMap) -> Result<Principal, ApiError> {
    let state = api.access_state()?;
    let content = opened(api, headers)?;
    let principal = Principal {
        id: content.sub.clone(),
        tenant: content.tenant.clone(),
        roles: Vec::new(),
        grants: {
            let mut grants = Grants::default();
            grants.allow(Permission::RelayEvents);
            grants
        },
        expires_at: Timestamp::from_second(content.exp).unwrap_or(Timestamp::UNIX_EPOCH),
        credential: Credential::Relay {
            id: content.jti,
            issued_at: content.iat,
            issuer: content.issuer,
            key: content.key,
            token: content.by,
        },
        purpose: None,
        break_glass: None,
        sources: Vec::new(),
    };
    match is_taken_back(&state, &principal, api.clock.now()) {
        true => Err(refused()),
        false => Ok(principal),
    }
}

/// Whether the token, or what its issuer was let in by, was revoked.
fn is_taken_back(state: &AccessState, principal: &Principal, now: Timestamp) -> bool {
    let key = match &principal.credential {
        Credential::Relay { key, .. } => key.as_deref(),
        Credential::Token { .. } | Credential::ApiKey { .. } => None,
    };
    revocations::is_revoked(state, principal)
        || key.is_some_and(|key| !api_keys::is_live(state, key, now))
}

/// What the token of a request says.
pub(crate) fn opened(api: &ApiParts, headers: &HeaderMap) -> Result<Content, ApiError> {
    let token = bearer_token(headers).ok_or_else(ApiError::unauthenticated)?;
    api.credentials.relay.open(token, api.clock.now()).ok_or_else(refused)
}

/// Counts events against what one token may bring.
pub(crate) fn count(api: &ApiParts, content: &Content, events: usize) -> Result<(), ApiError> {
    api.credentials.relay.count(content, events, api.clock.now())
}

/// Where a browser was, as the service sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) ip: Option<std::net::IpAddr>,
    pub(crate) user_agent: Option<String>,
}

impl Content {
    /// Refuses a page of another origin than the token was made for.
    pub(crate) fn require_origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let Some(meant) = &self.origin else { return Ok(()) };
        let mut given = headers.get_all(header::ORIGIN).iter();
        match (given.next(), given.next()) {
            (Some(given), None) if given.as_bytes() == meant.as_bytes() => Ok(()),
            _ => Err(ApiError::forbidden("the token was made for pages of another origin")),
        }
    }

    /// The event as it is recorded: what it says of who, where and in which session is the token's
    /// and what the service sees, whatever the browser says.
    pub(crate) fn bind(&self, input: EventInput, seen: &Seen) -> Result<EventInput, FieldError> {
        let allowed = input.event_type.as_ref().is_some_and(|given| self.types.contains(given));
        if !allowed {
            let message = "is not one of the types that the token names";
            return Err(FieldError::new("type", ErrorCode::Forbidden, message));
        }
        Ok(EventInput {
            tenant: None,
            source: Some(self.source.clone()),
            producer: None,
            actor: Some(ActorInput {
                actor_type: Some(ActorType::User),
                id: Some(self.sub.clone()),
                name: self.name.clone(),
                ..ActorInput::default()
            }),
            user_id: None,
            on_behalf_of: Vec::new(),
            subject: Some(SubjectInput {
                id: Some(self.sub.clone()),
                name: self.name.clone(),
                ..SubjectInput::default()
            }),
            client: Some(ClientInput {
                ip: seen.ip,
                user_agent: seen.user_agent.clone(),
                ..ClientInput::default()
            }),
            ip_address: None,
            user_agent: None,
            session: self.session.as_ref().map(|id| Session {
                id: Some(id.clone()),
                auth_method: None,
                mfa: None,
            }),
            session_id: None,
            ..input
        })
    }
}

/// Types that a browser may be trusted with: never those of Annals itself.
fn checked_types(types: Vec<String>) -> Result<Vec<String>, ApiError> {
    if !(1..=TYPES_MAX).contains(&types.len()) {
        let message = format!("names 1 to {TYPES_MAX} types");
        return Err(wrong("types", ErrorCode::OutOfRange, message));
    }
    let well_formed = |name: &String| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        (1..=128).contains(&name.len()) && name.bytes().all(plain)
    };
    if !types.iter().all(well_formed) {
        let message = "names types by a-z, 0-9, `.`, `_` and `-`, at most 128 bytes each";
        return Err(wrong("types", ErrorCode::Malformed, message));
    }
    if types.iter().any(|name| name.starts_with("annals.")) {
        let message = "names a type that only Annals itself writes";
        return Err(wrong("types", ErrorCode::Reserved, message));
    }
    Ok(types)
}

/// As browsers write it: scheme, host and perhaps a port, and nothing behind it.
fn checked_origin(origin: String) -> Result<String, ApiError> {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    match host {
        Some(host) if (1..=253).contains(&host.len()) && host.bytes().all(plain) => Ok(origin),
        _ => {
            let message = "is an origin as browsers write it, such as `https://shop.example`";
            Err(wrong("origin", ErrorCode::Malformed, message))
        }
    }
}

/// For which source the events are: the issuer's own when nothing is said.
fn source(principal: &Principal, given: Option<String>) -> Result<String, ApiError> {
    let source = given.unwrap_or_else(|| principal.own_source().to_owned());
    match principal.may_record_for(&source) {
        true => Ok(source),
        false => Err(ApiError::forbidden("the API key is not for that source")),
    }
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

#[cfg(test)]
mod tests;

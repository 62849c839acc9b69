//! The mail addresses of the caller, by REST and by GraphQL. Nothing is sent to an address but a one-use
//! code until its owner has shown the code here.
//!
//! The log holds a digest of the code under a key that follows from the root key. Mail words the code when it
//! is sent, so it lies nowhere.

use annals_domain::event::JsonObject;
use annals_domain::notification::{
    ADDRESS_ADDED, ADDRESS_BYTES_MAX, ADDRESS_REMOVED, ADDRESS_VERIFIED, ADDRESSES_MAX, Address,
    Channel,
};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::{EventId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::links::CODE_LASTS;
use crate::notifying::{ADDED_A_DAY_MAX, TRIES_MAX, not_yet, person, said, subject};
use crate::own_facts::Fact;

/// The addresses of the caller, the oldest first.
pub(crate) fn list(api: &ApiParts, caller: &Caller) -> Result<Vec<Address>, ApiError> {
    let person = person(caller)?;
    let mut all: Vec<Address> = said(api, &caller.principal.tenant, |said| {
        said.addresses_of(&person.id).cloned().collect()
    })?;
    all.sort_by_key(|address| (address.added_at, address.id));
    Ok(all)
}

/// Names an address, and has a code sent to it.
pub(crate) async fn add(
    api: &ApiParts,
    caller: &Caller,
    address: &str,
) -> Result<Address, ApiError> {
    let (person, address) = (person(caller)?, checked(address)?);
    if !api.notifying.channels.contains(&Channel::Email) {
        let message = "this installation sends no mail, so no code would reach the address";
        return Err(ApiError::new(Code::Conflict, message));
    }
    let _turn = api.credentials.turn().await;
    let held = list(api, caller)?;
    let same = |one: &Address| one.address.eq_ignore_ascii_case(&address);
    if held.iter().any(same) {
        let message = "you have this address already; remove it first if you need another code";
        return Err(ApiError::new(Code::Conflict, message));
    }
    if held.len() >= ADDRESSES_MAX {
        let message = format!("a person has at most {ADDRESSES_MAX} addresses; remove one first");
        return Err(ApiError::new(Code::Conflict, message));
    }
    let tenant = &caller.principal.tenant;
    let counted = (tenant.clone(), person.id.clone());
    if !api.notifying.added.has_room(&counted) {
        let message =
            format!("a person adds at most {ADDED_A_DAY_MAX} addresses in a day; go on tomorrow");
        return Err(ApiError::new(Code::RateLimited, message));
    }
    api.notifying.added.count(counted);
    let mut fact = Fact::new(ADDRESS_ADDED);
    // An address has the id of the event that added it, of which its code is made.
    let id = fact.id;
    let links = &api.notifying.links;
    let code = links.code(tenant, &person.id, id, &address);
    let digest = links.digest_of_code(tenant, &person.id, id, &code);
    fact.metadata.insert("address_id".into(), id.to_string().into());
    fact.metadata.insert("address".into(), address.into());
    fact.metadata.insert("code_digest".into(), digest.into());
    fact.subject = Some(person);
    let (_, in_effect) = credentials::record(api, caller, fact).await?;
    match (find(api, caller, id.0), in_effect) {
        (Ok(address), _) => Ok(address),
        (Err(_), false) => Err(not_yet("the address")),
        // On another node the last place was taken.
        (Err(_), true) => {
            let message =
                format!("a person has at most {ADDRESSES_MAX} addresses; remove one first");
            Err(ApiError::new(Code::Conflict, message))
        }
    }
}

/// Proves with its code that an address is the caller's.
pub(crate) async fn verify(
    api: &ApiParts,
    caller: &Caller,
    id: Uuid,
    code: &str,
) -> Result<Address, ApiError> {
    let person = person(caller)?;
    let _turn = api.credentials.turn().await;
    let address = find(api, caller, id)?;
    if address.verified_at.is_some() {
        return Ok(address);
    }
    if !api.notifying.wrong_codes.has_room(&id) {
        return Err(spent());
    }
    if is_over(&address, api.clock.now()) {
        let message = "the code has ended; remove the address and add it anew to get another";
        return Err(ApiError::new(Code::Conflict, message));
    }
    if !is_code_of(api, &caller.principal.tenant, &address, code) {
        api.notifying.wrong_codes.count(id);
        let message = "is not the code that was sent to the address";
        return Err(wrong("code", ErrorCode::Malformed, message));
    }
    let fact = about(ADDRESS_VERIFIED, &person.id, id);
    let (_, in_effect) = credentials::record(api, caller, fact).await?;
    let address = find(api, caller, id)?;
    match in_effect {
        true => Ok(address),
        false => Err(not_yet("that the address is yours")),
    }
}

/// Whether this is the code that went to the address.
pub(crate) fn is_code_of(api: &ApiParts, tenant: &TenantId, address: &Address, code: &str) -> bool {
    let (links, id) = (&api.notifying.links, EventId(address.id));
    let digest = links.digest_of_code(tenant, &address.person, id, code);
    let held = address.code_digest.as_deref().unwrap_or_default();
    aws_lc_rs::constant_time::verify_slices_are_equal(digest.as_bytes(), held.as_bytes()).is_ok()
}

/// Takes an address away.
pub(crate) async fn remove(api: &ApiParts, caller: &Caller, id: Uuid) -> Result<(), ApiError> {
    let person = person(caller)?;
    let _turn = api.credentials.turn().await;
    let address = find(api, caller, id)?;
    credentials::record(api, caller, about(ADDRESS_REMOVED, &person.id, address.id)).await?;
    Ok(())
}

/// The address that a link is about, as long as the link is good.
pub(crate) fn of_link(
    api: &ApiParts,
    tenant: &TenantId,
    person: &str,
    id: EventId,
) -> Result<Option<Address>, ApiError> {
    said(api, tenant, |said| said.addresses_of(person).find(|one| one.id == id.0).cloned())
}

/// Proves with the link that was sent there that an address is a person's.
pub(crate) async fn verify_by_link(
    api: &ApiParts,
    tenant: &TenantId,
    address: &Address,
) -> Result<(), ApiError> {
    let fact = about(ADDRESS_VERIFIED, &address.person, address.id);
    credentials::record_as_annals(api, tenant, fact).await?;
    Ok(())
}

fn about(event_type: &'static str, person: &str, id: Uuid) -> Fact {
    let mut metadata = JsonObject::new();
    metadata.insert("address_id".into(), id.to_string().into());
    Fact { subject: Some(subject(person)), metadata, ..Fact::new(event_type) }
}

fn find(api: &ApiParts, caller: &Caller, id: Uuid) -> Result<Address, ApiError> {
    let found = list(api, caller)?.into_iter().find(|address| address.id == id);
    found.ok_or_else(|| ApiError::not_found("address"))
}

fn is_over(address: &Address, now: Timestamp) -> bool {
    now.duration_since(address.added_at) > CODE_LASTS
}

/// Whether this can be a mail address; whether it is one only its owner can tell.
fn checked(address: &str) -> Result<String, ApiError> {
    let address = address.trim();
    if address.len() > ADDRESS_BYTES_MAX {
        let message = format!("has at most {ADDRESS_BYTES_MAX} bytes");
        return Err(wrong("address", ErrorCode::TooLarge, message));
    }
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[]\\,;:\"".contains(c);
    let parts = address.split_once('@');
    let whole = parts.is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    match whole && address.chars().all(plain) {
        true => Ok(address.to_owned()),
        false => {
            let message =
                "must be a mail address such as `ann@example.org`, with nothing around it";
            Err(wrong("address", ErrorCode::Malformed, message))
        }
    }
}

fn spent() -> ApiError {
    let message = format!(
        "{TRIES_MAX} wrong codes were shown for the address; remove it and add it anew to get another code"
    );
    ApiError::new(Code::Conflict, message)
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_mail_address_is_taken_up_to_its_limit_and_nothing_else() {
        let long =
            |bytes: usize| format!("{}@example.org", "a".repeat(bytes - "@example.org".len()));
        assert_eq!(checked(" ann@example.org ").unwrap(), "ann@example.org");
        assert_eq!(checked(&long(ADDRESS_BYTES_MAX)).unwrap().len(), ADDRESS_BYTES_MAX);
        let wrong = [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a@b@c",
            "a b@c",
            "a@b\r\nBcc: c",
            "<a@b>",
            "a@b,c@d",
            &long(ADDRESS_BYTES_MAX + 1),
        ];
        for wrong in wrong {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_ends_after_a_day() {
        let added_at = Timestamp::from_second(1_800_000_000).unwrap();
        let address = Address {
            id: Uuid::nil(),
            person: "ann".into(),
            address: "ann@example.org".into(),
            code_digest: None,
            added_at,
            verified_at: None,
            event: EventId(Uuid::nil()),
        };
        assert!(!is_over(&address, added_at + CODE_LASTS));
        assert!(is_over(&address, added_at + CODE_LASTS + SignedDuration::from_secs(1)));
    }
}

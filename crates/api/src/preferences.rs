//! What people wish to be told, by REST and by GraphQL: their own, and what holds for all of a tenant who
//! said nothing.

use std::collections::{BTreeMap, BTreeSet};

use annals_domain::event::JsonObject;
use annals_domain::notification::{
    Audience, Channel, PREFERENCES_MAX, PREFERENCES_SET, Preferences, RULE_ID_CHARS_MAX,
};
use annals_domain::problem::{ErrorCode, FieldError};

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::notification_rules;
use crate::notifying::{not_yet, person, said};
use crate::own_facts::Fact;

/// A kind of message: a rule that tells people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether it comes whatever people wish.
    pub(crate) mandatory: bool,
    /// Through which channels it reaches people.
    pub(crate) channels: BTreeSet<Channel>,
}

/// What a person wishes, and among what they choose.
#[derive(Debug)]
pub(crate) struct Wishes {
    /// None: they said nothing.
    pub(crate) own: Option<Preferences>,
    /// What holds where they said nothing; none: nothing is said there either.
    pub(crate) defaults: Option<Preferences>,
    pub(crate) kinds: Vec<Kind>,
}

/// What the caller wishes.
pub(crate) fn own(api: &ApiParts, caller: &Caller) -> Result<Wishes, ApiError> {
    let person = person(caller)?;
    let (own, defaults) = said(api, &caller.principal.tenant, |said| {
        (said.preferences_of(&person.id).cloned(), said.defaults().cloned())
    })?;
    let kinds = kinds(api, caller, Some(&person.id))?;
    let copied = |held: Option<std::sync::Arc<Preferences>>| held.map(|held| (*held).clone());
    Ok(Wishes { own: copied(own), defaults: copied(defaults), kinds })
}

/// What holds for all of the tenant who said nothing.
pub(crate) fn defaults(api: &ApiParts, caller: &Caller) -> Result<Wishes, ApiError> {
    let held = said(api, &caller.principal.tenant, |said| said.defaults().cloned())?;
    let defaults = held.map(|held| (*held).clone());
    Ok(Wishes { own: None, defaults, kinds: kinds(api, caller, None)? })
}

/// Says what the caller wishes, whole: what is not in it is as if they had never said it.
pub(crate) async fn set_own(
    api: &ApiParts,
    caller: &Caller,
    wanted: Preferences,
) -> Result<Wishes, ApiError> {
    let person = person(caller)?;
    checked(api, caller, &wanted, Some(&person.id))?;
    let _turn = api.credentials.turn().await;
    let tenant = &caller.principal.tenant;
    if !said(api, tenant, |said| said.has_room_for(&person.id))? {
        let message = format!(
            "{PREFERENCES_MAX} people of the tenant have said what they wish, and no more can; what \
             holds for the whole tenant holds for you"
        );
        return Err(ApiError::new(Code::Conflict, message));
    }
    let metadata = metadata_of(&wanted, false)?;
    let fact = Fact { subject: Some(person), metadata, ..Fact::new(PREFERENCES_SET) };
    let (_, in_effect) = credentials::record(api, caller, fact).await?;
    if !in_effect {
        return Err(not_yet("what you wish"));
    }
    own(api, caller)
}

/// Says what holds for all of the tenant who said nothing.
pub(crate) async fn set_defaults(
    api: &ApiParts,
    caller: &Caller,
    wanted: Preferences,
) -> Result<Wishes, ApiError> {
    checked(api, caller, &wanted, None)?;
    let metadata = metadata_of(&wanted, true)?;
    let fact = Fact { metadata, ..Fact::new(PREFERENCES_SET) };
    let (_, in_effect) = credentials::record(api, caller, fact).await?;
    if !in_effect {
        return Err(not_yet("what holds for the tenant"));
    }
    defaults(api, caller)
}

/// The metadata of the event that says what somebody wishes.
pub(crate) fn metadata_of(wanted: &Preferences, of_tenant: bool) -> Result<JsonObject, ApiError> {
    let json = serde_json::to_value(wanted)
        .map_err(|_| ApiError::new(Code::Internal, "preferences cannot be written as JSON"))?;
    let mut metadata = JsonObject::new();
    metadata.insert("preferences".into(), json);
    if of_tenant {
        metadata.insert("tenant".into(), true.into());
    }
    Ok(metadata)
}

/// The rules that tell people, or this person, and through what.
fn kinds(api: &ApiParts, caller: &Caller, person: Option<&str>) -> Result<Vec<Kind>, ApiError> {
    let rules = notification_rules::list(api, caller)?.into_iter().filter(|shown| shown.in_effect);
    let tells = |who: &Audience| match who {
        Audience::Subject | Audience::Actor => true,
        Audience::Person(id) => person.is_none_or(|person| person == id),
        _ => false,
    };
    let personal = |channel: &Channel| matches!(channel, Channel::Inbox | Channel::Email);
    let rules = rules.filter(|shown| shown.rule.audience.iter().any(tells));
    let kinds = rules.map(|shown| Kind {
        id: shown.rule.id,
        name: shown.rule.name,
        mandatory: shown.rule.mandatory,
        channels: shown.rule.channels.into_iter().filter(personal).collect(),
    });
    Ok(kinds.filter(|kind| !kind.channels.is_empty()).collect())
}

fn checked(
    api: &ApiParts,
    caller: &Caller,
    wanted: &Preferences,
    person: Option<&str>,
) -> Result<(), ApiError> {
    if let Some(problem) = wanted.problem() {
        return Err(wrong("preferences", ErrorCode::OutOfRange, problem));
    }
    if wanted.kinds.keys().any(|kind| !(1..=RULE_ID_CHARS_MAX).contains(&kind.len())) {
        let message = format!("a kind is the id of a rule, of 1 to {RULE_ID_CHARS_MAX} characters");
        return Err(wrong("kinds", ErrorCode::OutOfRange, message));
    }
    let off = |channels: &BTreeMap<Channel, bool>| channels.values().any(|comes| !comes);
    let kinds = kinds(api, caller, person)?;
    let mandatory = kinds.iter().filter(|kind| kind.mandatory);
    for kind in mandatory {
        if wanted.kinds.get(&kind.id).is_some_and(off) {
            let message = "cannot be switched off: it tells people of what touches the safety of their \
                           account";
            let path = format!("kinds.{}", kind.id);
            return Err(wrong(&path, ErrorCode::Contradiction, message));
        }
    }
    Ok(())
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

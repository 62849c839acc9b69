//! Notification rules, by REST and by GraphQL: those that ship with Annals, and a tenant's own, which
//! may stand in their place.
//!
//! They follow from events in the log (`annals_domain::notification`): a change is recorded, and only
//! then is it in effect.

mod preview;

use annals_domain::EventId;
use annals_domain::event::{JsonObject, Target};
use annals_domain::filter::Filter;
use annals_domain::notification::{
    Audience, RULE_REMOVED, RULE_SET, RULES_MAX, Rule, RuleError, SetRule, may_stand,
};
use annals_domain::problem::{ErrorCode, FieldError};
use annals_domain::query::QueryContext;
use jiff::Timestamp;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::notifying::{not_yet, said};
use crate::own_facts::Fact;
use crate::rest::query_context;
use crate::seen::Seen;

pub(crate) use preview::preview;

/// A rule, and how it stands to the others.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) rule: Rule,
    /// Whether it ships with Annals.
    pub(crate) shipped: bool,
    /// Whether it stands in the place of a shipped one.
    pub(crate) replaces_shipped: bool,
    /// Whether it tells anybody.
    pub(crate) in_effect: bool,
    /// When it was set.
    pub(crate) set_at: Option<Timestamp>,
    /// The event that set it.
    pub(crate) event: Option<EventId>,
}

/// The rules of the caller's tenant, by id. A shipped one in whose place another stands is left out.
pub(crate) fn list(api: &ApiParts, caller: &Caller) -> Result<Vec<Shown>, ApiError> {
    let mut rules: Vec<Shown> = said(api, &caller.principal.tenant, |said| {
        said.rules().map(|set| own(api, set)).collect()
    })?;
    let replaced =
        |id: &str| rules.iter().any(|shown| shown.replaces_shipped && shown.rule.id == id);
    let shipped: Vec<Shown> = api
        .notifying
        .shipped
        .iter()
        .filter(|rule| !replaced(&rule.id))
        .map(|rule| Shown {
            rule: rule.clone(),
            shipped: true,
            replaces_shipped: false,
            in_effect: rule.enabled,
            set_at: None,
            event: None,
        })
        .collect();
    rules.extend(shipped);
    rules.sort_by(|one, other| (&one.rule.id, one.shipped).cmp(&(&other.rule.id, other.shipped)));
    Ok(rules)
}

/// The rule of that id: the tenant's own before the shipped one.
pub(crate) fn find(api: &ApiParts, caller: &Caller, id: &str) -> Result<Shown, ApiError> {
    let found = list(api, caller)?.into_iter().find(|shown| shown.rule.id == id);
    found.ok_or_else(not_found)
}

/// Makes a rule, or changes the one of that id when it still is as the caller saw it.
pub(crate) async fn set(
    api: &ApiParts,
    caller: &Caller,
    rule: Rule,
    seen: Seen,
) -> Result<Shown, ApiError> {
    caller.require_all_of_tenant(api)?;
    checked(api, caller, &rule)?;
    let shipped = shipped_of(api, &rule.id);
    if !may_stand(shipped, &rule) {
        let message = match shipped {
            None => "has an id that messages of Annals itself go by; give it another",
            Some(_) => {
                "stands in the place of a rule that cannot be switched off, so it must tell at least \
                 as much: the same filter, the same audience and channels or more, mandatory, \
                 enabled, with no higher severity, and neither dedupe, throttle nor digest"
            }
        };
        return Err(wrong("rule", ErrorCode::Contradiction, message));
    }
    let _turn = api.credentials.turn().await;
    let tenant = &caller.principal.tenant;
    let now = said(api, tenant, |said| said.rule(&rule.id).map(|set| set.event))?;
    seen.require(now, "the rule")?;
    let room = said(api, tenant, |said| {
        said.rule(&rule.id).is_some() || said.rules().count() < RULES_MAX
    })?;
    if !room {
        return Err(full());
    }
    let mut metadata = JsonObject::new();
    let json = serde_json::to_value(&rule).map_err(|_| unwritable())?;
    metadata.insert("rule".into(), json);
    let targets = vec![target(&rule.id, Some(rule.name.clone()))];
    let fact = Fact { targets, metadata, ..Fact::new(RULE_SET) };
    let (receipt, in_effect) = credentials::record(api, caller, fact).await?;
    let set = said(api, tenant, |said| said.rule(&rule.id).map(|set| own(api, set)))?;
    match set.filter(|shown| shown.event == Some(receipt.id)) {
        Some(shown) => Ok(shown),
        // On another node somebody was faster, or took the last place.
        None if in_effect => Err(changed()),
        None => Err(not_yet("the rule")),
    }
}

/// Takes a rule of the tenant's own away that still is as the caller saw it. Where it stood in the place of a
/// shipped one, that holds again.
pub(crate) async fn remove(
    api: &ApiParts,
    caller: &Caller,
    id: &str,
    seen: Seen,
) -> Result<(), ApiError> {
    let _turn = api.credentials.turn().await;
    let rule = said(api, &caller.principal.tenant, |said| said.rule(id).cloned())?;
    let Some(set) = rule else {
        return Err(match shipped_of(api, id) {
            None => not_found(),
            Some(_) => ApiError::new(
                Code::Conflict,
                "the rule ships with Annals and cannot be taken away; set one of its id that is not \
                 enabled",
            ),
        });
    };
    seen.require(Some(set.event), "the rule")?;
    let mut metadata = JsonObject::new();
    metadata.insert("rule".into(), id.into());
    let targets = vec![target(id, Some(set.rule.name.clone()))];
    credentials::record(api, caller, Fact { targets, metadata, ..Fact::new(RULE_REMOVED) }).await?;
    Ok(())
}

/// The filter of a rule that can be used.
fn checked(api: &ApiParts, caller: &Caller, rule: &Rule) -> Result<Filter, ApiError> {
    let filter = rule.check(&query_context(api)).map_err(|error| match error {
        RuleError::Filter { source, .. } => {
            wrong("filter", ErrorCode::Malformed, source.to_string())
        }
        RuleError::Wrong { problem, .. } => wrong("rule", ErrorCode::Malformed, problem),
        unreadable @ RuleError::Unreadable { .. } => {
            wrong("rule", ErrorCode::Malformed, unreadable.to_string())
        }
    })?;
    if rule.thins_what_must_be_told() {
        let message = "is mandatory, and so has neither dedupe nor throttle: what must be told is told each time";
        return Err(wrong("rule", ErrorCode::Contradiction, message));
    }
    if let Some(unknown) = unknown_role(api, rule) {
        let message = format!(
            "tells `role:{unknown}`, whose inbox nobody reads: the access policy has no such role, and none \
             that reads such an inbox"
        );
        return Err(wrong("audience", ErrorCode::Malformed, message));
    }
    // Whom a rule tells would tell what the caller cannot see.
    caller.require_visible(api, &filter)?;
    Ok(filter)
}

/// A role of the audience that neither the access policy knows nor the shipped rule in whose place it stands.
fn unknown_role<'a>(api: &ApiParts, rule: &'a Rule) -> Option<&'a str> {
    let shipped = shipped_of(api, &rule.id);
    rule.audience.iter().find_map(|who| match who {
        Audience::Role(name) if !api.access.knows(name) => {
            let kept = shipped.is_some_and(|shipped| shipped.audience.contains(who));
            (!kept).then_some(name.as_str())
        }
        _ => None,
    })
}

fn own(api: &ApiParts, set: &SetRule) -> Shown {
    let shipped = shipped_of(api, &set.rule.id);
    let let_in = may_stand(shipped, &set.rule);
    let context = QueryContext { now: set.set_at, ..query_context(api) };
    Shown {
        shipped: false,
        replaces_shipped: shipped.is_some() && let_in,
        in_effect: let_in && set.rule.enabled && set.rule.check(&context).is_ok(),
        set_at: Some(set.set_at),
        event: Some(set.event),
        rule: set.rule.clone(),
    }
}

fn shipped_of<'a>(api: &'a ApiParts, id: &str) -> Option<&'a Rule> {
    api.notifying.shipped.iter().find(|rule| rule.id == id)
}

fn target(id: &str, name: Option<String>) -> Target {
    Target { target_type: "notification_rule".into(), id: Some(id.to_owned()), name, owner: None }
}

fn wrong(field: &str, code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, code, message)])
}

fn not_found() -> ApiError {
    ApiError::not_found("notification rule")
}

fn changed() -> ApiError {
    let message = "the rule was changed by somebody else meanwhile; look at it again";
    ApiError::new(Code::Conflict, message)
}

fn full() -> ApiError {
    let message = format!("the tenant has {RULES_MAX} rules, as many as it may; remove one first");
    ApiError::new(Code::Conflict, message)
}

fn unwritable() -> ApiError {
    ApiError::new(Code::Internal, "the rule cannot be written as JSON; please tell us")
}

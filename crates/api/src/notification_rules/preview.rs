//! What a rule would do with an event, before it is set.

use std::collections::BTreeMap;

use annals_domain::notification::{Channel, Rule, trial};
use annals_domain::problem::ErrorCode;
use annals_domain::{EventId, Recorded};
use annals_ports::Worded;

use super::{checked, wrong};
use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;
use crate::notifying::said;

/// The language of previews that name none.
const LOCALE: &str = "en";
/// How long the tag of a language may be, bytes.
const LOCALE_BYTES_MAX: usize = 35;

/// What a rule would do.
#[derive(Debug)]
pub(crate) struct Preview {
    /// Whether the rule is about the event; none when no event was named.
    pub(crate) matches: Option<bool>,
    /// How many it would reach through each channel.
    pub(crate) reached: BTreeMap<Channel, usize>,
    pub(crate) title: Option<String>,
    pub(crate) sentence: Option<String>,
    /// As its template words it; none on an installation that words nothing.
    pub(crate) worded: Option<Worded>,
}

/// Tries a rule, on an event that the caller may see or on none.
pub(crate) async fn preview(
    api: &ApiParts,
    caller: &Caller,
    rule: &Rule,
    event: Option<EventId>,
    locale: Option<&str>,
) -> Result<Preview, ApiError> {
    let filter = checked(api, caller, rule)?;
    let locale = locale.unwrap_or(LOCALE);
    let tag = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=LOCALE_BYTES_MAX).contains(&locale.len()) || !locale.bytes().all(tag) {
        let message = "must be a BCP 47 tag, such as `de` or `en-GB`";
        return Err(wrong("locale", ErrorCode::Malformed, message));
    }
    let found = match event {
        Some(id) => Some(seen(api, caller, id).await?),
        None => None,
    };
    let mut preview = Preview {
        matches: None,
        reached: BTreeMap::new(),
        title: None,
        sentence: None,
        worded: None,
    };
    let mut message = None;
    if let Some((stored, shown)) = &found {
        let channels = &api.notifying.channels;
        let tried = said(api, &caller.principal.tenant, |said| {
            trial(rule, &filter, stored, said, channels, &api.catalogue)
        })?;
        // Worded from what the caller sees of the event, and told from what there is of it.
        let worded = said(api, &caller.principal.tenant, |said| {
            trial(rule, &filter, shown, said, channels, &api.catalogue).message
        })?;
        preview.matches = Some(tried.matches);
        preview.reached = tried.reached;
        preview.title = Some(worded.title.clone());
        preview.sentence = Some(worded.body.clone());
        message = Some(worded);
    }
    if let Some(wording) = &api.notifying.wording {
        let worded = wording.word(&rule.template, locale, message.as_ref());
        let malformed = |error: annals_ports::WordingError| {
            wrong("template", ErrorCode::Malformed, error.to_string())
        };
        preview.worded = Some(worded.map_err(malformed)?);
    }
    Ok(preview)
}

/// An event as it is, and as the caller sees it.
async fn seen(
    api: &ApiParts,
    caller: &Caller,
    id: EventId,
) -> Result<(Recorded, Recorded), ApiError> {
    api.require_reading()?;
    let scope = caller.principal.scope()?;
    let found = caller.queries(api).event(&scope, id).await?;
    let stored = found.ok_or_else(|| ApiError::not_found("event"))?;
    let shown = caller.sees(api, "event", "id:?", vec![stored.clone()]).pop();
    Ok((stored, shown.ok_or_else(|| ApiError::not_found("event"))?))
}

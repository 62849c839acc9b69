//! From one line of a log to the events it tells of. Pure.

use annals_domain::event::JsonObject;
use annals_domain::limits::EventLimits;
use serde_json::Value;

use super::draft::Draft;
use super::event_ids::{self, ContentDigest};
use super::rejects::Reject;
use super::{Format, annals, cloudevents, cloudtrail, github, gsuite, kubernetes, okta};

#[cfg(test)]
mod tests;

/// Deeper lines are refused before any reader that recurses sees them.
const LINE_DEPTH_MAX: usize = 96;

/// An event as `POST /api/v1/logs/bulk` takes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapped {
    /// The event.
    pub(crate) event: JsonObject,
    /// Whether its id was made from the line. Then an id that the log knows already means that this
    /// very line was imported before, whatever else differs.
    pub(crate) id_from_content: bool,
}

/// Maps one line. Most lines tell of one event; a Google activity may tell of several.
pub(crate) fn map(
    format: Format,
    limits: &EventLimits,
    line_number: u64,
    line: &str,
) -> Result<Vec<Mapped>, Reject> {
    let mapped = read_object(line).and_then(|object| map_object(format, limits, object));
    mapped.map_err(|reason| Reject::new(line_number, reason, line))
}

fn map_object(
    format: Format,
    limits: &EventLimits,
    object: JsonObject,
) -> Result<Vec<Mapped>, String> {
    let content = ContentDigest::of(&object);
    let finish = |(index, draft): (usize, Draft)| {
        let name = format.name();
        let id = event_ids::derive(name, draft.vendor_id.as_deref(), &content, index);
        Mapped { event: draft.finish(id, name, limits), id_from_content: true }
    };
    let drafts = match format {
        Format::CloudTrail => vec![cloudtrail::map(object)?],
        Format::GitHub => vec![github::map(object)?],
        Format::Okta => vec![okta::map(object)?],
        Format::Kubernetes => vec![kubernetes::map(object)?],
        Format::GSuite => gsuite::map(object)?,
        Format::CloudEvents => match cloudevents::map(object)? {
            cloudevents::CloudEvent::Foreign(draft) => vec![*draft],
            cloudevents::CloudEvent::Own(event) => return Ok(vec![own(format, &content, event)]),
        },
        Format::Annals => return Ok(vec![own(format, &content, annals::map(object)?)]),
    };
    Ok(drafts.into_iter().enumerate().map(finish).collect())
}

/// An event that is Annals' already: it keeps the id it has.
fn own(format: Format, content: &ContentDigest, mut event: JsonObject) -> Mapped {
    let id_from_content = !event.contains_key("id");
    if id_from_content {
        let id = event_ids::derive(format.name(), None, content, 0);
        event.insert("id".to_owned(), id.to_string().into());
    }
    Mapped { event, id_from_content }
}

fn read_object(line: &str) -> Result<JsonObject, String> {
    annals_domain::json::check_depth(line.as_bytes(), LINE_DEPTH_MAX)
        .map_err(|error| format!("is {error}"))?;
    if !line.trim_start().starts_with('{') {
        let what =
            if serde_json::from_str::<Value>(line).is_ok() { "a JSON object" } else { "JSON" };
        return Err(format!("is not {what}: each line must be one object"));
    }
    let mut reader = serde_json::Deserializer::from_str(line);
    let object = annals_domain::json::object_without_repeated_keys(&mut reader)
        .and_then(|object| reader.end().map(|()| object));
    object.map_err(|error| format!("is not JSON that can be taken: {error}"))
}

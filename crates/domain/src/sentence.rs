//! An event told in one sentence, by the template of its catalogue entry.

use std::borrow::Cow;

use crate::catalogue::Catalogue;
use crate::event::{Actor, Event, OutcomeStatus};

/// Longest value filled into a sentence, characters.
const VALUE_CHARS_MAX: usize = 120;

/// The event in one sentence for people.
pub fn sentence_of(event: &Event, catalogue: &Catalogue) -> String {
    let template = catalogue.find(&event.event_type).map(|entry| entry.sentence.as_str());
    let mut sentence = match template {
        Some(template) => fill(&for_whom(template, event), |name| value_of(name, event)),
        None => plain_sentence(event),
    };
    match event.outcome.status {
        OutcomeStatus::Success | OutcomeStatus::Unknown => {}
        OutcomeStatus::Failure => sentence.push_str(" (failed)"),
        OutcomeStatus::Denied => sentence.push_str(" (denied)"),
        OutcomeStatus::Partial => sentence.push_str(" (in part)"),
    }
    sentence
}

/// The template as it is said of somebody who acts on their own account: "Ann changed the password
/// of Ann" would sound like two people, "Ann changed their password" does not.
fn for_whom<'a>(template: &'a str, event: &Event) -> Cow<'a, str> {
    let own = event.subject.as_ref().is_some_and(|s| event.actor.id.as_ref() == Some(&s.id));
    let Some((thing, rest)) = template.split_once(" of {subject}").filter(|_| own) else {
        return template.into();
    };
    match thing.rsplit_once(" the ") {
        Some((act, thing)) => format!("{act} their {thing}{rest}").into(),
        None => template.into(),
    }
}

/// For types that the catalogue does not know.
fn plain_sentence(event: &Event) -> String {
    let actor = actor_name(&event.actor);
    match target_name(event) {
        Some(target) => format!("{actor}: {} on {target}", event.event_type),
        None => format!("{actor}: {}", event.event_type),
    }
}

fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut sentence = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        sentence.push_str(before);
        match after.split_once('}') {
            Some((name, remainder)) => {
                sentence.push_str(&value(name));
                rest = remainder;
            }
            None => rest = after,
        }
    }
    sentence.push_str(rest);
    sentence
}

/// The first `{…}` of a template that has no meaning, or is not closed.
pub(crate) fn unknown_placeholder(template: &str) -> Option<String> {
    template.split('{').skip(1).find_map(|rest| {
        let name = rest.split_once('}').map_or(rest, |(name, _)| name);
        let known = matches!(name, "actor" | "subject" | "target")
            || name.strip_prefix("metadata.").is_some_and(|key| !key.is_empty());
        (!known || !rest.contains('}')).then(|| name.to_owned())
    })
}

fn value_of(name: &str, event: &Event) -> String {
    let value = match name {
        "actor" => Some(actor_name(&event.actor)),
        "subject" => Some(subject_name(event)),
        "target" => target_name(event),
        _ => name.strip_prefix("metadata.").and_then(|key| match event.metadata.get(key)? {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Null => None,
            value => Some(value.to_string()),
        }),
    };
    shortened(&value.unwrap_or_else(|| "(unknown)".into()))
}

fn actor_name(actor: &Actor) -> String {
    actor
        .name
        .as_ref()
        .or(actor.email.as_ref())
        .or(actor.id.as_ref())
        .map_or_else(|| "Somebody unknown".into(), |name| shortened(name))
}

fn subject_name(event: &Event) -> String {
    match &event.subject {
        None => "nobody in particular".into(),
        Some(subject) if event.actor.id.as_ref() == Some(&subject.id) => {
            subject.name.clone().unwrap_or_else(|| actor_name(&event.actor))
        }
        Some(subject) => subject.name.clone().unwrap_or_else(|| subject.id.clone()),
    }
}

fn target_name(event: &Event) -> Option<String> {
    let target = event.targets.first()?;
    Some(match target.name.as_ref().or(target.id.as_ref()) {
        Some(name) => format!("{} {}", target.target_type, shortened(name)),
        None => target.target_type.clone(),
    })
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(VALUE_CHARS_MAX).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;

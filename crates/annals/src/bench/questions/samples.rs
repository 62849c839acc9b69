//! Events from all over the log: their names and words are what is asked for.

use std::collections::HashMap;

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Times;
use crate::bench::client::Client;
use crate::bench::service::Service;

/// Places in the log that are looked at.
const PLACES: i32 = 50;
/// Every so manieth event of a page is taken.
const EVERY: usize = 10;
/// Persons whose own events are asked for.
const PERSONS: usize = 20;

/// What is asked for, taken out of a recorded event.
pub(in crate::bench) struct Sample {
    pub(super) actor: String,
    pub(super) event_type: String,
    pub(super) word: String,
    pub(super) other_word: String,
    pub(super) rare_word: String,
    pub(super) session: String,
    pub(super) cursor: String,
    /// When it happened, and 30 days before.
    pub(super) at: String,
    pub(super) month_before: String,
}

/// What questions are made of.
pub(in crate::bench) struct Samples {
    pub(super) all: Vec<Sample>,
    /// Tokens of persons who are actors in samples.
    pub(super) persons: Vec<String>,
    pub(super) times: Times,
}

impl Samples {
    /// Looks at places spread evenly over the times of all events.
    pub(in crate::bench) fn of(service: &Service) -> anyhow::Result<Self> {
        let mut client = service.client()?;
        let (oldest, newest) = match service.filled() {
            Some(filled) => (filled.from, filled.to),
            None => (end(&mut client, "oldest")?, end(&mut client, "newest")?),
        };
        let mut events = Vec::new();
        for place in 1..=PLACES {
            let to = oldest + newest.duration_since(oldest) * place / PLACES;
            let path = format!("/api/v1/logs?limit=50&to={to}");
            let mut page = client.get_json(&path)?;
            if let Value::Array(found) = page["events"].take() {
                events.extend(found);
            }
        }
        let words = frequencies(&events);
        let all: Vec<Sample> =
            events.iter().step_by(EVERY).filter_map(|event| sample(event, &words)).collect();
        if all.is_empty() {
            bail!("the service holds no event to ask for");
        }
        let persons = tokens(service, &all)?;
        Ok(Self { all, persons, times: Times::of(oldest, newest) })
    }
}

/// When the first event of a list happened.
fn end(client: &mut Client, order: &str) -> anyhow::Result<Timestamp> {
    let page = client.get_json(&format!("/api/v1/logs?limit=1&order={order}"))?;
    let at = page["events"][0]["occurred_at"].as_str();
    Ok(at.context("the service holds no event to ask for")?.parse()?)
}

/// Tokens of the first persons among the actors; none of a service that was not started here.
fn tokens(service: &Service, samples: &[Sample]) -> anyhow::Result<Vec<String>> {
    let mut ids: Vec<&str> = samples.iter().map(|sample| sample.actor.as_str()).collect();
    ids.retain(|id| id.starts_with("u-"));
    ids.sort_unstable();
    ids.dedup();
    let step = ids.len().div_ceil(PERSONS).max(1);
    ids.into_iter().step_by(step).filter_map(|id| service.token_of_person(id)).collect()
}

/// How many of the events have each word in their description.
fn frequencies(events: &[Value]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for event in events {
        for word in words(event) {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts
}

/// Longer words in lower case, as descriptions have them.
fn words(event: &Value) -> impl Iterator<Item = &str> {
    let description = event["description"].as_str().unwrap_or_default();
    let is_plain = |word: &&str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_lowercase());
    description.split_whitespace().filter(is_plain)
}

fn sample(event: &Value, frequencies: &HashMap<&str, usize>) -> Option<Sample> {
    let text = |path: &str| event.pointer(path)?.as_str().map(str::to_owned);
    let mut in_order = words(event);
    let (word, other_word) = (in_order.next()?.to_owned(), in_order.next()?.to_owned());
    let rare_word = words(event).min_by_key(|word| (frequencies.get(word), *word))?;
    let at: Timestamp = text("/occurred_at")?.parse().ok()?;
    Some(Sample {
        actor: text("/actor/id")?,
        event_type: text("/type")?,
        word,
        other_word,
        rare_word: rare_word.to_owned(),
        session: text("/session/id")?,
        cursor: text("/position")?,
        month_before: (at - SignedDuration::from_hours(30 * 24)).to_string(),
        at: at.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_rarest_word_of_a_description_is_asked_for() {
        let event = |description: &str| {
            json!({
                "type": "a.b", "description": description, "actor": { "id": "u-1" },
                "session": { "id": "s" }, "position": "p", "occurred_at": "2026-01-31T00:00:00Z",
            })
        };
        let events = [event("The claim jiwir record"), event("The claim record")];
        let found = sample(&events[0], &frequencies(&events)).unwrap();
        assert_eq!((found.word.as_str(), found.other_word.as_str()), ("claim", "jiwir"));
        assert_eq!(found.rare_word, "jiwir");
        assert_eq!(found.month_before, "2026-01-01T00:00:00Z");
        assert!(sample(&json!({ "type": "a.b" }), &HashMap::new()).is_none());
    }
}

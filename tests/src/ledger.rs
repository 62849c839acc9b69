//! What the service has acknowledged, kept outside of it; and whether its log keeps those promises.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;

use serde_json::Value;

use crate::{Answer, Caller};

/// Where an event lies in the log, as its receipt tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Cursor of its position.
    pub position: String,
    /// Stream and revision, when the receipt named them; bulk receipts do not.
    pub stream: Option<(String, u64)>,
}

/// Every event that was acknowledged, by id.
#[derive(Debug, Default)]
pub struct Ledger {
    acked: Mutex<BTreeMap<String, Place>>,
}

impl Ledger {
    /// Enters the receipt of a single event; an answer that is no success enters nothing.
    pub fn enter_single(&self, answer: &Answer) {
        if matches!(answer.status, 200 | 201) {
            let body = answer.json();
            let stream = (text(&body["stream"]), body["revision"].as_u64().expect("a revision"));
            let place = Place { position: text(&body["position"]), stream: Some(stream) };
            self.enter(text(&body["id"]), place);
        }
    }

    /// Enters the receipts of a bulk request.
    pub fn enter_bulk(&self, answer: &Answer) {
        if !matches!(answer.status, 201 | 207) {
            return;
        }
        for item in answer.json()["results"].as_array().expect("a list of results") {
            if matches!(item["status"].as_u64(), Some(200 | 201)) {
                let place = Place { position: text(&item["position"]), stream: None };
                self.enter(text(&item["id"]), place);
            }
        }
    }

    /// Whoever asks again is told the same.
    fn enter(&self, id: String, place: Place) {
        let mut acked = self.acked.lock().expect("no holder panics");
        match acked.entry(id) {
            Entry::Vacant(entry) => drop(entry.insert(place)),
            Entry::Occupied(mut entry) => {
                let id = entry.key().clone();
                let known = entry.get_mut();
                assert_eq!(known.position, place.position, "two receipts of {id} differ");
                if let (Some(one), Some(other)) = (&known.stream, &place.stream) {
                    assert_eq!(one, other, "two receipts of {id} differ");
                }
                known.stream = known.stream.take().or(place.stream);
            }
        }
    }

    /// How many events were acknowledged.
    pub fn len(&self) -> usize {
        self.acked.lock().expect("no holder panics").len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that was acknowledged.
    pub fn acked(&self) -> BTreeMap<String, Place> {
        self.acked.lock().expect("no holder panics").clone()
    }

    /// Checks that each acknowledged event is among `events`, at the place its receipt names.
    ///
    /// # Panics
    /// When one is lost or lies elsewhere.
    pub fn check_kept(&self, events: &[Value]) {
        let found: HashMap<&str, &Value> =
            events.iter().map(|event| (event["id"].as_str().unwrap_or_default(), event)).collect();
        for (id, place) in self.acked() {
            let event = found.get(id.as_str());
            let event = event.unwrap_or_else(|| panic!("the acknowledged event {id} is lost"));
            assert_eq!(text(&event["position"]), place.position, "{id} has moved");
            if let Some((stream, revision)) = place.stream {
                assert_eq!(event["stream"], stream.as_str(), "{id} has moved");
                assert_eq!(event["revision"], revision, "{id} has moved");
            }
        }
    }
}

/// Checks that a whole log, read from its beginning, has every event once and every stream without
/// a gap, and that no two events share a position.
///
/// What Annals itself told of need not be among them, though some of it lies in persons' streams: that
/// somebody read a page of one person's events, or that a person's events look suspicious. So the
/// reader, who read the events, is asked for that as well.
///
/// # Panics
/// When it has not.
pub async fn check_whole(reader: &Caller, events: &[Value]) {
    let own = reader.walk(None, "type:annals.*").await;
    let mut ids = HashSet::new();
    let mut positions = HashSet::new();
    for event in events {
        let id = event["id"].as_str().expect("an id");
        assert!(ids.insert(id), "the event {id} is in the log twice");
        let position = event["position"].as_str().expect("a position");
        assert!(positions.insert(position), "the position of {id} is used twice");
    }
    if let Some(gap) = gap(events, &own) {
        panic!("{gap}");
    }
}

/// The first place of a stream at which there is neither an event nor a fact of Annals, in words.
fn gap(events: &[Value], own: &[Value]) -> Option<String> {
    let own: HashSet<(&str, u64)> = own.iter().map(place).collect();
    let mut next_revision: HashMap<&str, u64> = HashMap::new();
    for event in events {
        let (stream, revision) = place(event);
        let next = next_revision.entry(stream).or_default();
        while *next < revision && own.contains(&(stream, *next)) {
            *next += 1;
        }
        if revision != *next {
            let id = &event["id"];
            return Some(format!("{stream} has revision {revision} after {next}, of {id}"));
        }
        *next += 1;
    }
    None
}

fn place(event: &Value) -> (&str, u64) {
    let revision = event["revision"].as_u64().expect("a revision");
    (event["stream"].as_str().expect("a stream"), revision)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("`{value}` must be a text")).to_owned()
}

#[cfg(test)]
mod tests;

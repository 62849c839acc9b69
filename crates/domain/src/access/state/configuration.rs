//! Which configuration Annals ran with last, so that a change of it leaves a trace.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::text;
use crate::event::Event;
use crate::identifiers::EventId;

/// The configuration that a node told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The event that tells of it.
    pub event: EventId,
    /// What it was.
    pub digests: ConfigurationDigests,
}

/// A configuration by the digests of its parts, which tell none of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationDigests {
    /// Version of the program.
    pub version: String,
    /// Each section of the settings.
    pub settings: BTreeMap<String, String>,
    /// Each role.
    pub roles: BTreeMap<String, String>,
    /// Each type of the catalogue.
    pub types: BTreeMap<String, String>,
}

/// What is different in two configurations: names, and no values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Sections of the settings.
    pub settings: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// Types of the catalogue.
    pub types: Vec<String>,
}

impl Configuration {
    /// What an event tells of.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let digests = serde_json::from_str(text(event, "parts")?).ok()?;
        Some(Self { event: event.id, digests })
    }
}

impl ConfigurationDigests {
    /// What is different here from what was before.
    pub fn differences_from(&self, before: &Self) -> Differences {
        Differences {
            settings: different(&before.settings, &self.settings),
            roles: different(&before.roles, &self.roles),
            types: different(&before.types, &self.types),
        }
    }
}

/// Names that only one has, or that mean something else in the other.
fn different(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}

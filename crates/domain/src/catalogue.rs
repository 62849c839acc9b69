//! The event catalogue: which types there are, and what each means (requirement V-10).
//!
//! Its source is `config/catalogue/*.toml`, one file a family; the shipped files are built in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{Operation, Severity};

pub mod compatibility;
pub mod reference;
pub mod samples;
pub mod upcast;

use upcast::{Earlier, Upcasters};

/// One type of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventType {
    /// Such as `user.password.changed`: what, then what happened to it.
    pub name: String,
    /// Version of the metadata's schema, from 1.
    pub version: u32,
    /// What happened, in a few words; the title of a notification.
    pub title: String,
    /// When to record it, for developers.
    pub description: String,
    /// The operation, when the caller names none.
    pub operation: Operation,
    /// The severity, when the caller names none.
    pub severity: Severity,
    /// Whether the subject is told.
    #[serde(default)]
    pub significant: bool,
    /// Which retention policy applies.
    #[serde(default = "standard")]
    pub retention: String,
    /// What happens when it cannot be recorded at once.
    #[serde(default)]
    pub ingest: IngestMode,
    /// One sentence with `{actor}`, `{subject}`, `{target}` and `{metadata.<key>}` filled in.
    pub sentence: String,
    /// Metadata keys that hold personal data.
    #[serde(default)]
    pub personal: Vec<String>,
    /// Metadata keys that are masked before they are stored.
    #[serde(default)]
    pub masked: Vec<String>,
    /// Metadata keys that must not be sent.
    #[serde(default)]
    pub forbidden: Vec<String>,
    /// JSON Schema of the metadata.
    #[serde(default = "any_object")]
    pub metadata: Value,
    /// Every version before this one, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

impl EventType {
    /// JSON Schema of the metadata of that version, if there is one.
    pub fn schema_of(&self, version: u32) -> Option<&Value> {
        if version == self.version {
            return Some(&self.metadata);
        }
        self.earlier.iter().find(|earlier| earlier.version == version).map(|it| &it.metadata)
    }
}

fn standard() -> String {
    "standard".into()
}

fn any_object() -> Value {
    serde_json::json!({ "type": "object" })
}

/// What happens when an event cannot be recorded for a reason that passes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IngestMode {
    /// It is refused, and the application refuses the act: it must not happen unseen.
    Block,
    /// The act goes on; the event waits on a disk, Annals' own or, if that is not to be had, the caller's.
    #[default]
    Spool,
}

/// One file of the catalogue.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyFile {
    family: String,
    title: String,
    #[serde(rename = "type")]
    types: Vec<EventType>,
}

/// A family of types, in the order of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Such as `account`.
    pub name: String,
    /// For people.
    pub title: String,
    /// The file it was read from.
    pub file: String,
    /// Names of its types.
    pub types: Vec<String>,
}

/// All known types.
#[derive(Debug, Default)]
pub struct Catalogue {
    families: Vec<Family>,
    types: BTreeMap<String, EventType>,
    /// Of every version, the first in front.
    validators: BTreeMap<String, Vec<jsonschema::Validator>>,
    upcasters: Arc<Upcasters>,
}

/// What is wrong with a catalogue file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not readable as a family of types.
    #[error("catalogue file `{file}` cannot be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Readable, but not right.
    #[error("catalogue file `{file}`, type `{event_type}`: {problem}")]
    Wrong {
        /// Which file.
        file: String,
        /// Which type.
        event_type: String,
        /// What, and what would be right.
        problem: String,
    },
}

/// The shipped catalogue: file name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("account.toml", include_str!("../../../config/catalogue/account.toml")),
    ("administration.toml", include_str!("../../../config/catalogue/administration.toml")),
    ("annals.toml", include_str!("../../../config/catalogue/annals.toml")),
    ("authentication.toml", include_str!("../../../config/catalogue/authentication.toml")),
    ("data_access.toml", include_str!("../../../config/catalogue/data_access.toml")),
    ("detection.toml", include_str!("../../../config/catalogue/detection.toml")),
    ("lifecycle.toml", include_str!("../../../config/catalogue/lifecycle.toml")),
    ("notifications.toml", include_str!("../../../config/catalogue/notifications.toml")),
    ("security.toml", include_str!("../../../config/catalogue/security.toml")),
];

impl Catalogue {
    /// The catalogue that ships with Annals.
    pub fn shipped() -> Self {
        Self::read(SHIPPED.iter().copied()).expect("the shipped catalogue is checked by a test")
    }

    /// Reads the files, each a name and its text, and checks every type.
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        for (file, text) in files {
            let family: FamilyFile = toml::from_str(text).map_err(|source| {
                CatalogueError::Unreadable { file: file.into(), source: Box::new(source) }
            })?;
            let names = family.types.iter().map(|entry| entry.name.clone()).collect();
            for entry in family.types {
                catalogue.add(entry).map_err(|(event_type, problem)| CatalogueError::Wrong {
                    file: file.into(),
                    event_type,
                    problem,
                })?;
            }
            catalogue.families.push(Family {
                name: family.family,
                title: family.title,
                file: file.into(),
                types: names,
            });
        }
        catalogue.upcasters = Arc::new(Upcasters::of(catalogue.types.values()));
        Ok(catalogue)
    }

    fn add(&mut self, entry: EventType) -> Result<(), (String, String)> {
        let name = entry.name.clone();
        let wrong = |problem: String| Err((name.clone(), problem));
        if let Some(problem) = problem_with_name(&name) {
            return wrong(problem);
        }
        if self.types.contains_key(&name) {
            return wrong("is defined twice".into());
        }
        if entry.version == 0 {
            return wrong("`version` begins at 1".into());
        }
        if entry.sentence.trim().is_empty() || entry.title.trim().is_empty() {
            return wrong("`title` and `sentence` must say what happened".into());
        }
        if let Some(placeholder) = crate::sentence::unknown_placeholder(&entry.sentence) {
            return wrong(format!(
                "`sentence` has `{{{placeholder}}}`; known are {{actor}}, {{subject}}, {{target}} \
                 and {{metadata.<key>}}"
            ));
        }
        if let Some(problem) = upcast::problem_with(&entry) {
            return wrong(problem);
        }
        let schemas =
            entry.earlier.iter().map(|earlier| &earlier.metadata).chain([&entry.metadata]);
        match schemas.map(jsonschema::validator_for).collect() {
            Ok(validators) => self.validators.insert(name.clone(), validators),
            Err(error) => return wrong(format!("`metadata` is not a JSON Schema: {error}")),
        };
        self.types.insert(name, entry);
        Ok(())
    }

    /// The type of that name.
    pub fn find(&self, name: &str) -> Option<&EventType> {
        self.types.get(name)
    }

    /// Every type, by name.
    pub fn types(&self) -> impl Iterator<Item = &EventType> {
        self.types.values()
    }

    /// Every family, in the order of the files.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Brings stored events of older versions into the newest shape.
    pub fn upcasters(&self) -> &Arc<Upcasters> {
        &self.upcasters
    }

    /// What is wrong with the metadata of an event of that type and version: paths below `metadata`, and
    /// sentences that do not repeat the values.
    pub fn check_metadata(
        &self,
        name: &str,
        version: u32,
        metadata: &Value,
    ) -> Vec<(String, String)> {
        let of_type = self.validators.get(name).map(Vec::as_slice).unwrap_or_default();
        let before = version.checked_sub(1).and_then(|before| usize::try_from(before).ok());
        let Some(validator) = before.and_then(|before| of_type.get(before)) else {
            return Vec::new();
        };
        validator
            .iter_errors(metadata)
            .take(10)
            .map(|error| {
                let path = error.instance_path().as_str().replace('/', ".");
                (format!("metadata{path}"), error.masked().to_string())
            })
            .collect()
    }
}

fn problem_with_name(name: &str) -> Option<String> {
    let words: Vec<&str> = name.split('.').collect();
    let well_formed = |word: &&str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    (words.len() < 2 || !words.iter().all(well_formed)).then(|| {
        "is not a type name: write two or more words of a-z, 0-9 and `_`, joined by dots, such as \
         `user.password.changed`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests;

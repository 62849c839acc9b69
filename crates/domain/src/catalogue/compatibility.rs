//! What a changed catalogue does to those who send by the one before, and to events that are stored.

use std::fmt;

use super::{Catalogue, EventType};

mod schemas;

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether events that were accepted are refused, or stored events lose their meaning.
    pub breaking: bool,
    /// The file with the type: of the new catalogue, or of the old one when the type is gone.
    pub file: String,
    /// Which type.
    pub event_type: String,
    /// What is not as it was.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { breaking, file, event_type, problem, remedy } = self;
        let kind = if *breaking { "breaking" } else { "warning" };
        write!(to, "{kind}: {file}, `{event_type}`: {problem}; {remedy}")
    }
}

/// Everything in `after` that is not compatible with `before`, by type.
pub fn compare(before: &Catalogue, after: &Catalogue) -> Vec<Finding> {
    let mut findings = Findings::default();
    for old in before.types() {
        match after.find(&old.name) {
            None => {
                findings.about(file_of(before, &old.name), &old.name);
                findings.breaking(
                    "is gone",
                    "keep it: the log holds events of it, which lose title, sentence and masks",
                );
            }
            Some(new) => {
                findings.about(file_of(after, &old.name), &old.name);
                findings.versions(old, new);
                findings.meaning(old, new);
                findings.keys(old, new);
            }
        }
    }
    findings.found
}

fn file_of(catalogue: &Catalogue, name: &str) -> String {
    let holds = |family: &&super::Family| family.types.iter().any(|listed| listed == name);
    catalogue.families().iter().find(holds).map(|family| family.file.clone()).unwrap_or_default()
}

#[derive(Default)]
struct Findings {
    file: String,
    event_type: String,
    found: Vec<Finding>,
}

const NEW_VERSION: &str = "make a new `version`, and keep this one under `[[type.earlier]]`";

impl Findings {
    fn about(&mut self, file: String, event_type: &str) {
        (self.file, self.event_type) = (file, event_type.to_owned());
    }

    fn breaking(&mut self, problem: impl Into<String>, remedy: &'static str) {
        self.add(true, problem.into(), remedy);
    }

    fn warning(&mut self, problem: impl Into<String>, remedy: &'static str) {
        self.add(false, problem.into(), remedy);
    }

    fn add(&mut self, breaking: bool, problem: String, remedy: &'static str) {
        let (file, event_type) = (self.file.clone(), self.event_type.clone());
        self.found.push(Finding { breaking, file, event_type, problem, remedy });
    }

    /// Every version there was must still take what it took, and be shown as it was.
    fn versions(&mut self, old: &EventType, new: &EventType) {
        for version in 1..=old.version {
            let Some(then) = old.schema_of(version) else { continue };
            let Some(now) = new.schema_of(version) else {
                self.breaking(
                    format!("version {version} is gone"),
                    "keep it: callers send it, and stored events follow it",
                );
                continue;
            };
            let changes = schemas::changes(then, now);
            for narrowed in changes.narrowed {
                self.breaking(format!("version {version}: {narrowed}"), NEW_VERSION);
            }
            for told in changes.told {
                self.warning(
                    format!("version {version}: {told}"),
                    "make sure that nobody sends it with other values, or make a new `version`",
                );
            }
        }
        for earlier in &old.earlier {
            let now = new.earlier.iter().find(|other| other.version == earlier.version);
            if now.is_some_and(|now| now.steps != earlier.steps) {
                self.warning(
                    format!("the steps of version {} are others", earlier.version),
                    "stored events are shown otherwise from now on: tell those who read them",
                );
            }
        }
    }

    fn meaning(&mut self, old: &EventType, new: &EventType) {
        if old.significant && !new.significant {
            self.breaking("is no longer significant", "people must go on being told: set it again");
        }
        if !old.significant && new.significant {
            self.warning("became significant", "subjects are told of it from now on");
        }
        let pairs = [
            ("operation", old.operation.to_string(), new.operation.to_string()),
            ("severity", old.severity.to_string(), new.severity.to_string()),
            ("retention", old.retention.clone(), new.retention.clone()),
            ("ingest", format!("{:?}", old.ingest), format!("{:?}", new.ingest)),
        ];
        for (what, then, now) in pairs.iter().filter(|(_, then, now)| then != now) {
            let (then, now) = (then.to_lowercase(), now.to_lowercase());
            self.warning(
                format!("`{what}` was `{then}` and is `{now}`"),
                "this holds for events that come; stored ones keep what they have",
            );
        }
    }

    fn keys(&mut self, old: &EventType, new: &EventType) {
        let missing_in = |list: &[String], key: &String| !list.contains(key);
        for key in new.forbidden.iter().filter(|key| missing_in(&old.forbidden, key)) {
            self.breaking(
                format!("refuses `metadata.{key}`"),
                "list it in `masked` instead: it is then hidden, not refused",
            );
        }
        let lists = [
            ("forbidden", &old.forbidden, &new.forbidden),
            ("masked", &old.masked, &new.masked),
            ("personal", &old.personal, &new.personal),
        ];
        for (list, then, now) in lists {
            for key in then.iter().filter(|key| missing_in(now, key)) {
                self.warning(
                    format!("`{key}` is no longer in `{list}`"),
                    "make sure that its values may be seen, also those of older versions",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Which fields rules may touch, and which of them a rule names.
//!
//! Free text may be touched by every rule. Some identifiers may be touched by a rule that names them
//! (`target.id`, `session.id`, `*.alt_ids.*`). Nothing else may: what names the event, its time, its
//! people and their addresses decides where it is stored and under whose key.

use std::fmt;

/// Beginnings of the paths of free text; a dot at the end stands for what is inside.
const FREE: &[&str] = &[
    "source",
    "environment",
    "app_version",
    "description",
    "outcome.code",
    "outcome.reason",
    "actor.name",
    "actor.email",
    "actor.role",
    "on_behalf_of.name",
    "on_behalf_of.email",
    "on_behalf_of.role",
    "subject.name",
    "target.name",
    "changes",
    "client.user_agent",
    "client.device",
    "client.device_type",
    "client.os",
    "client.browser",
    "client.country",
    "client.region",
    "client.city",
    "session.auth_method",
    "justification",
    "metadata",
    "labels",
];

/// Identifiers that no rule touches, and for which an event is refused where they are secrets.
const REFUSED: &[&str] = &["request", "producer.id"];

/// Identifiers that only a rule which names them touches.
const NAMED: &[&str] =
    &["target.id", "session.id", "actor.alt_ids", "subject.alt_ids", "on_behalf_of.alt_ids"];

fn is_within(path: &str, known: &[&str]) -> bool {
    known.iter().any(|field| {
        path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether the path is one of free text.
pub(super) fn is_free(path: &str) -> bool {
    is_within(path, FREE)
}

/// Whether a rule may touch the path, if it names it.
pub(super) fn is_touchable(path: &str) -> bool {
    is_free(path) || is_within(path, NAMED)
}

/// A path as in queries, and what is inside of it; `*` stands for one step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPattern(Vec<String>);

impl FieldPattern {
    pub(super) fn read(path: &str) -> Result<Self, String> {
        if path == "*" {
            return Ok(Self(Vec::new()));
        }
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        if steps.iter().any(String::is_empty) {
            return Err(format!("`{path}` is no path such as `metadata.payment.card`"));
        }
        let begins_group = |known: &&&str| known.split('.').next() == Some(path);
        let known = is_touchable(path) || FREE.iter().any(|field| begins_group(&field));
        // A person is named without being touched: what stands for them is their id.
        if !known {
            return Err(format!(
                "`{path}` may not be masked: it names the event or its people, or there is no such \
                 field; docs/masking.md lists what may be"
            ));
        }
        Ok(Self(steps))
    }

    /// Reads where a rule does not look; it may also leave alone what events are refused for.
    pub(super) fn read_exception(path: &str) -> Result<Self, String> {
        match is_within(path, REFUSED) {
            true => Ok(Self(path.split('.').map(str::to_owned).collect())),
            false => Self::read(path),
        }
    }

    fn covers(&self, path: &str) -> bool {
        let mut steps = path.split('.');
        self.0.iter().enumerate().all(|(index, wanted)| {
            steps.next().is_some_and(|step| {
                wanted == "*"
                    || wanted == step
                    || (index == 0 && wanted == "actor" && is_person(step))
            })
        })
    }
}

/// Whoever acts on their own account is the subject, too: one rule is for all who are named.
fn is_person(step: &str) -> bool {
    matches!(step, "subject" | "on_behalf_of")
}

impl fmt::Display for FieldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => f.write_str("*"),
            false => f.write_str(&self.0.join(".")),
        }
    }
}

/// Where a rule looks.
#[derive(Debug)]
pub(super) struct Fields {
    /// Empty: all free text.
    within: Vec<FieldPattern>,
    except: Vec<FieldPattern>,
    everywhere: bool,
}

impl Fields {
    pub(super) fn new(within: Vec<FieldPattern>, except: Vec<FieldPattern>) -> Self {
        let everywhere = within.is_empty() || within.iter().any(|pattern| pattern.0.is_empty());
        Self { within, except, everywhere }
    }

    /// Nowhere by path: other ways lead to the rule.
    pub(super) fn none() -> Self {
        Self { within: Vec::new(), except: Vec::new(), everywhere: false }
    }

    pub(super) fn is_everywhere(&self) -> bool {
        self.everywhere
    }

    /// Whether the answer depends on the path at all.
    pub(super) fn is_always(&self) -> bool {
        self.everywhere && self.except.is_empty()
    }

    /// Whether they can be identifiers: fields that are named, of groups that hold some.
    pub(super) fn may_name_identifiers(&self) -> bool {
        let group = |field: &str| field.split('.').next().map(str::to_owned);
        let first = |pattern: &FieldPattern| pattern.0.first().cloned();
        let holds = |step: &String| {
            step == "*" || NAMED.iter().any(|field| group(field).as_ref() == Some(step))
        };
        self.within.iter().filter_map(first).any(|step| holds(&step))
    }

    /// Whether the rule does not look there, though it looks everywhere else.
    pub(super) fn excepts(&self, path: &str) -> bool {
        self.except.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether the field at that path, written as in queries, is one of them.
    pub(super) fn covers(&self, path: &str) -> bool {
        let steps = |pattern: &FieldPattern| !pattern.0.is_empty() && pattern.covers(path);
        let within = (self.everywhere && is_free(path)) || self.within.iter().any(steps);
        within && !self.excepts(path)
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |patterns: &[FieldPattern]| {
            patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        f.write_str(&if self.within.is_empty() { "*".into() } else { list(&self.within) })?;
        if !self.except.is_empty() {
            write!(f, " except {}", list(&self.except))?;
        }
        Ok(())
    }
}

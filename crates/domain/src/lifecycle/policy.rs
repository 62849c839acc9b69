//! Which events a tenant keeps for how long, beside what the installation says.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::filter::{Field, Filter, Test};
use crate::retention::{InvalidRetention, RetentionPolicy, RetentionSpan};

/// Rules of one tenant.
pub const RULES_MAX: usize = 200;
/// Characters of a pattern, a class or a legal basis.
const TEXT_MAX: usize = 200;
/// Stands for a type that no rule names, when two policies are compared.
const OTHER: &str = "\u{1}";

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Keep {
    /// For a calendar span from when it was received.
    For(RetentionSpan),
    /// It never goes.
    Forever,
}

/// What a rule says of the events that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// Types: one by its name, or all that begin so, as in `user.login.*`; none: all.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
    /// Retention class; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How long: `P7Y`, `P18M`, `P90D`, or `forever`.
    pub keep: Keep,
    /// The law that says so. While such events are not due, the person they are about is not erased
    /// (GDPR article 17(3)(b)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
}

/// The rules of a tenant: of those that an event falls under the first one counts, and where there is none,
/// the installation's span for its class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantPolicy {
    rules: Vec<RetentionRule>,
}

/// Rules that make no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    /// More than are read.
    #[error("there are {0} rules; a policy has at most {RULES_MAX}")]
    TooMany(usize),
    /// A pattern that is none.
    #[error(
        "rule {0}: `type` is the name of a type, such as `user.login.succeeded`, or the beginning of \
         names and `.*`, such as `user.login.*`"
    )]
    Pattern(usize),
    /// A class without a name.
    #[error("rule {0}: `class` and `legal_basis` have 1 to {TEXT_MAX} characters")]
    Text(usize),
    /// It would never be reached.
    #[error("rule {0} is never reached: rule {1} before it is about the same events and more")]
    Unreachable(usize, usize),
}

impl TryFrom<String> for Keep {
    type Error = InvalidRetention;

    fn try_from(text: String) -> Result<Self, InvalidRetention> {
        match text.as_str() {
            "forever" => Ok(Self::Forever),
            span => RetentionSpan::parse(span).map(Self::For),
        }
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::For(span) => span.to_string(),
            Keep::Forever => "forever".into(),
        }
    }
}

impl Keep {
    /// When what was received then is due; none: never.
    pub fn end(self, received_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::For(span) => span.end(received_at),
            Self::Forever => None,
        }
    }

    /// Whether nothing goes earlier under this than under the other, whenever it was received.
    fn is_at_least(self, other: Self) -> bool {
        match (self, other) {
            (Self::Forever, _) => true,
            (Self::For(_), Self::Forever) => false,
            (Self::For(one), Self::For(other)) => one.is_at_least(other),
        }
    }
}

impl RetentionRule {
    fn is_about(&self, event_type: &str, class: &str) -> bool {
        self.types.as_deref().is_none_or(|pattern| covers(pattern, event_type))
            && self.class.as_deref().is_none_or(|named| named == class)
    }

    /// Holds for every event that the rule is about, and perhaps for some others: filters do not regard the
    /// case of types, and an event's class is no part of it.
    pub fn possible(&self) -> Filter {
        let a_type = |test| Filter::Field(Field("type".into()), test);
        match self.types.as_deref() {
            None => Filter::All,
            Some(pattern) if pattern.ends_with('*') => a_type(Test::Like(pattern.to_owned())),
            Some(name) => a_type(Test::Equals(name.to_owned())),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let types = match (&self.types, &other.types) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => covers(wide, narrow),
        };
        types && (self.class.is_none() || self.class == other.class)
    }
}

/// Whether a pattern is about a type, or about all that another pattern is about.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

impl TenantPolicy {
    /// A policy of these rules, in this order.
    pub fn new(rules: Vec<RetentionRule>) -> Result<Self, InvalidRules> {
        if rules.len() > RULES_MAX {
            return Err(InvalidRules::TooMany(rules.len()));
        }
        for (index, rule) in rules.iter().enumerate() {
            if !rule.types.as_deref().is_none_or(is_pattern) {
                return Err(InvalidRules::Pattern(index + 1));
            }
            let texts = [&rule.class, &rule.legal_basis];
            if texts.into_iter().flatten().any(|text| !is_text(text)) {
                return Err(InvalidRules::Text(index + 1));
            }
            if let Some(before) = rules[..index].iter().position(|before| before.covers(rule)) {
                return Err(InvalidRules::Unreachable(index + 1, before + 1));
            }
        }
        Ok(Self { rules })
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[RetentionRule] {
        &self.rules
    }

    /// How long an event is kept. A class that neither the tenant nor the installation knows is kept for ever.
    pub fn keep(&self, installation: &RetentionPolicy, event_type: &str, class: &str) -> Keep {
        let rule = self.rules.iter().find(|rule| rule.is_about(event_type, class));
        rule.map(|rule| rule.keep)
            .or_else(|| installation.span(class).map(Keep::For))
            .unwrap_or(Keep::Forever)
    }

    /// The rule that the law has an event kept by, if there is one.
    pub fn obligation(&self, event_type: &str, class: &str) -> Option<&RetentionRule> {
        let rule = self.rules.iter().find(|rule| rule.is_about(event_type, class));
        rule.filter(|rule| rule.legal_basis.is_some())
    }

    /// The rules that a law stands behind, each with it.
    pub fn obliging(&self) -> impl Iterator<Item = (&RetentionRule, &str)> {
        self.rules.iter().filter_map(|rule| Some((rule, rule.legal_basis.as_deref()?)))
    }

    /// Whether some event would go earlier under `next` than under this. `classes` are those that events may
    /// have beside the ones that are named here or by the installation.
    ///
    /// Rules tell types apart by how their names begin, and classes by name: it is enough to look at each
    /// beginning and class that either of the two names, and at one type that neither does.
    pub fn is_shortened_by<'a>(
        &'a self,
        next: &'a Self,
        installation: &'a RetentionPolicy,
        classes: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        let rules = || self.rules.iter().chain(&next.rules);
        let mut types: BTreeSet<&str> = BTreeSet::from([OTHER]);
        types.extend(rules().filter_map(|rule| rule.types.as_deref()));
        let mut classes: BTreeSet<&str> = classes.into_iter().collect();
        classes.extend(rules().filter_map(|rule| rule.class.as_deref()));
        classes.extend(installation.classes());
        types.iter().any(|event_type| {
            classes.iter().any(|class| {
                let (before, after) = (
                    self.keep(installation, event_type, class),
                    next.keep(installation, event_type, class),
                );
                !after.is_at_least(before)
            })
        })
    }

    /// Whether an event received then could be due: what is received later is not due either.
    pub fn any_due(
        &self,
        installation: &RetentionPolicy,
        received_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        let is_over = |keep: Keep| keep.end(received_at).is_some_and(|end| end <= now);
        self.rules.iter().any(|rule| is_over(rule.keep)) || installation.any_due(received_at, now)
    }
}

fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix(".*").unwrap_or(text);
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=TEXT_MAX).contains(&text.len()) && !name.is_empty() && name.chars().all(letters)
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

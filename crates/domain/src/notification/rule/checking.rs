//! Whether a rule makes sense, and what is wrong with it where not.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    AUDIENCE_MAX, Audience, DIGEST_SECONDS, KEY_FIELDS_MAX, RULE_ID_CHARS_MAX, RULE_NAME_CHARS_MAX,
    RULES_MAX, Rule, THROTTLE_MAX, WINDOW_SECONDS_MAX,
};
use crate::filter::Filter;
use crate::notification::outgoing::Channel;
use crate::query::{self, QueryContext, QueryError};

/// A rule, or a file of rules, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The file cannot be read as rules.
    #[error("rules file `{file}` cannot be read: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Where and why.
        problem: String,
    },
    /// Its filter is no query.
    #[error("rule `{rule}`: its filter is wrong at {source}")]
    Filter {
        /// Which rule.
        rule: String,
        /// What is wrong.
        #[source]
        source: QueryError,
    },
    /// Something else in it is not right.
    #[error("rule `{rule}`: {problem}")]
    Wrong {
        /// Which rule.
        rule: String,
        /// What, and what would be right.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

/// Reads files of rules, each a name and its text, and checks every rule.
///
/// # Errors
/// [`RuleError`] names the file or the rule, and says what is wrong with it.
pub fn read_rules<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    context: &QueryContext<'_>,
) -> Result<Vec<Rule>, RuleError> {
    let (mut rules, mut ids) = (Vec::new(), BTreeSet::new());
    for (file, text) in files {
        let read: RulesFile = toml::from_str(text).map_err(|error| RuleError::Unreadable {
            file: file.into(),
            problem: error.to_string(),
        })?;
        for rule in read.rules {
            rule.check(context)?;
            if !ids.insert(rule.id.clone()) {
                return Err(rule.wrong("is defined twice"));
            }
            rules.push(rule);
        }
    }
    match rules.get(RULES_MAX) {
        None => Ok(rules),
        Some(rule) => Err(rule.wrong(format!("is one too many: there may be {RULES_MAX}"))),
    }
}

impl Rule {
    /// Checks it, and reads its filter.
    ///
    /// # Errors
    /// [`RuleError`] says what is wrong with it.
    pub fn check(&self, context: &QueryContext<'_>) -> Result<Filter, RuleError> {
        match self.problem() {
            Some(problem) => Err(self.wrong(problem)),
            None => query::parse(&self.filter, context)
                .map_err(|source| RuleError::Filter { rule: self.id.clone(), source }),
        }
    }

    /// Whether it holds back what must be told. Such a rule is not taken; of one that was set before, dedupe
    /// and throttle are not heeded.
    pub fn thins_what_must_be_told(&self) -> bool {
        self.mandatory && (self.dedupe.is_some() || self.throttle.is_some())
    }

    fn wrong(&self, problem: impl Into<String>) -> RuleError {
        RuleError::Wrong {
            rule: self.id.chars().take(RULE_ID_CHARS_MAX).collect(),
            problem: problem.into(),
        }
    }

    fn problem(&self) -> Option<String> {
        let windows = 1..=WINDOW_SECONDS_MAX;
        let window = |what: &str, seconds: u64| {
            (!windows.contains(&seconds)).then(|| {
                format!("the window of `{what}` must be 1 to {WINDOW_SECONDS_MAX} seconds")
            })
        };
        if !is_kebab_case(&self.id) {
            return Some(format!(
                "its id must be 1 to {RULE_ID_CHARS_MAX} of a-z, 0-9 and `-`, beginning with a letter"
            ));
        }
        if !(1..=RULE_NAME_CHARS_MAX).contains(&self.name.chars().count()) {
            return Some(format!("its name must have 1 to {RULE_NAME_CHARS_MAX} characters"));
        }
        if self.channels.is_empty() || !(1..=AUDIENCE_MAX).contains(&self.audience.len()) {
            return Some(format!(
                "it must name at least one channel, and 1 to {AUDIENCE_MAX} in its audience"
            ));
        }
        if self.filter.trim().is_empty() {
            return Some("its filter must not be empty, or every event would tell somebody".into());
        }
        if !is_kebab_case(&self.template) {
            return Some("its template must be the name of one, in kebab-case".into());
        }
        if let Some(dedupe) = &self.dedupe {
            let fields = dedupe.key.iter().all(|field| (1..=200).contains(&field.len()));
            if dedupe.key.len() > KEY_FIELDS_MAX || !fields {
                return Some(format!("`dedupe.key` may name up to {KEY_FIELDS_MAX} fields"));
            }
            if let Some(problem) = window("dedupe", dedupe.window_seconds) {
                return Some(problem);
            }
        }
        if let Some(throttle) = &self.throttle {
            if !(1..=THROTTLE_MAX).contains(&throttle.messages) {
                return Some(format!("`throttle.messages` must be 1 to {THROTTLE_MAX}"));
            }
            if let Some(problem) = window("throttle", throttle.window_seconds) {
                return Some(problem);
            }
        }
        if self.digest.is_some_and(|digest| !DIGEST_SECONDS.contains(&digest.every_seconds)) {
            let (from, to) = (DIGEST_SECONDS.start(), DIGEST_SECONDS.end());
            return Some(format!("`digest.every_seconds` must be {from} to {to}"));
        }
        let reaches = |channel: &Channel| self.audience.iter().any(|who| takes(who, *channel));
        let idle = self.channels.iter().find(|channel| !reaches(channel));
        idle.map(|channel| {
            let name = channel.name();
            format!("nobody in its audience can be told through `{name}`; leave the channel out")
        })
    }
}

/// Whether somebody can be told through a channel at all.
fn takes(who: &Audience, channel: Channel) -> bool {
    match channel {
        Channel::Inbox => !matches!(who, Audience::Endpoint(_) | Audience::Endpoints),
        Channel::Email => {
            matches!(who, Audience::Subject | Audience::Actor | Audience::Person(_))
        }
        Channel::Webhook | Channel::Slack | Channel::Adapter => {
            matches!(who, Audience::Endpoint(_) | Audience::Endpoints)
        }
        Channel::Syslog => true,
    }
}

pub(crate) fn is_kebab_case(id: &str) -> bool {
    (1..=RULE_ID_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && id.as_bytes()[0].is_ascii_lowercase()
        && !id.ends_with('-')
}

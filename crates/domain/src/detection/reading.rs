//! Rules as they stand in `config/detection/*.toml`, read and checked.

use std::collections::BTreeSet;

use jiff::{Span, SpanRelativeTo};

use super::rule::{DetectionRule, Kind, Lasting};
use super::{RULES_MAX, TIMES_MAX};
use crate::catalogue::Catalogue;
use crate::filter::Filter;
use crate::limits::Limits;
use crate::query::{self, QueryContext};

mod shipped;
mod written;

use written::{RulesFile, Written, kind};

/// Bytes of a file of rules.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// Characters of a title, and of a reason.
const TEXT_MAX: usize = 400;
/// Longer spans are not remembered by anything.
const DAYS_MAX: i64 = 366;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Where a rule names no other.
const COOLDOWN: Lasting = Lasting(60 * 60 * 1000);

/// Rules, each with an id of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<DetectionRule>,
}

/// A file of rules is not right.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDetection {
    /// Not readable as rules.
    #[error("the detection rules `{file}` cannot be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Readable, but not right.
    #[error("detection rules `{file}`, rule `{rule}`: {problem}")]
    Wrong {
        /// Which file.
        file: String,
        /// Which rule.
        rule: String,
        /// What, and what would be right.
        problem: String,
    },
    /// Too much of it.
    #[error("detection rules `{file}`: {problem}")]
    TooMuch {
        /// Which file.
        file: String,
        /// What, and how much may be.
        problem: String,
    },
}

impl RuleSet {
    /// The rules that ship with Annals.
    pub fn shipped(catalogue: &Catalogue) -> Self {
        Self::read(shipped::FILES.iter().copied(), catalogue)
            .expect("the shipped rules are checked by a test")
    }

    /// Reads files, each a name and its text.
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        catalogue: &Catalogue,
    ) -> Result<Self, InvalidDetection> {
        let mut set = Self::default();
        for (file, text) in files {
            set.add(file, text, catalogue)?;
        }
        Ok(set)
    }

    /// Adds the rules of a file. One with an id that is there already takes its place.
    pub fn add(
        &mut self,
        file: &str,
        text: &str,
        catalogue: &Catalogue,
    ) -> Result<(), InvalidDetection> {
        let too_much = |problem: String| InvalidDetection::TooMuch { file: file.into(), problem };
        if text.len() > FILE_BYTES_MAX {
            return Err(too_much(format!(
                "it has {} bytes; a file has at most {FILE_BYTES_MAX}",
                text.len()
            )));
        }
        let written: RulesFile = toml::from_str(text).map_err(|source| {
            InvalidDetection::Unreadable { file: file.into(), source: Box::new(source) }
        })?;
        let mut seen = BTreeSet::new();
        for rule in written.rule {
            let id: String = rule.id.chars().take(80).collect();
            let wrong =
                |problem| InvalidDetection::Wrong { file: file.into(), rule: id.clone(), problem };
            if !seen.insert(id.clone()) {
                return Err(wrong("it stands there twice".into()));
            }
            let rule = checked(rule, catalogue).map_err(wrong)?;
            match self.rules.iter_mut().find(|held| held.id == rule.id) {
                Some(held) => *held = rule,
                None => self.rules.push(rule),
            }
        }
        match self.rules.len() {
            ..=RULES_MAX => Ok(()),
            more => Err(too_much(format!("with it there are {more} rules of {RULES_MAX}"))),
        }
    }

    /// The rules, in the order of the files.
    pub fn rules(&self) -> &[DetectionRule] {
        &self.rules
    }

    /// The rule of that id.
    pub fn find(&self, id: &str) -> Option<&DetectionRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// These of the rules alone.
    pub fn only(mut self, ids: &[String]) -> Self {
        self.rules.retain(|rule| ids.contains(&rule.id));
        self
    }

    /// All rules.
    pub fn into_rules(self) -> Vec<DetectionRule> {
        self.rules
    }
}

fn checked(written: Written, catalogue: &Catalogue) -> Result<DetectionRule, String> {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if written.id.len() > 64 || !written.id.split('-').all(word) {
        return Err(
            "the `id` is not of lower-case words and digits joined by `-`, at most 64 characters"
                .into(),
        );
    }
    for (name, text) in [("title", &written.title), ("why", &written.why)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            return Err(format!("`{name}` must have 1 to {TEXT_MAX} characters"));
        }
    }
    let cooldown = written.cooldown.as_deref().map(|text| lasting("cooldown", text)).transpose()?;
    let kind = kind(&written, catalogue)?;
    if matches!(kind, Kind::Travel { .. } | Kind::FirstSeen { .. } | Kind::OffHours { .. })
        && written.key.is_empty()
    {
        return Err(format!("`{}` needs a `key`, such as [\"subject\"]", kind.as_str()));
    }
    Ok(DetectionRule {
        filter: filter("filter", &written.filter, catalogue)?,
        id: written.id,
        title: written.title,
        why: written.why,
        severity: written.severity,
        query: written.filter,
        key: written.key,
        cooldown: cooldown.unwrap_or(COOLDOWN),
        kind,
    })
}

fn times_of(times: u32) -> Result<u32, String> {
    match times {
        1..=TIMES_MAX => Ok(times),
        _ => Err(format!("`times` is {times}; it goes from 1 to {TIMES_MAX}")),
    }
}

fn lasting(name: &str, text: &str) -> Result<Lasting, String> {
    let wrong = || {
        format!(
            "`{name}` is not a span of at most {DAYS_MAX} days; write such as PT10M, PT1H or P14D"
        )
    };
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?.as_millis();
    match i64::try_from(duration) {
        Ok(ms) if (0..=DAYS_MAX * DAY_MS).contains(&ms) => Ok(Lasting(ms)),
        _ => Err(wrong()),
    }
}

fn filter(name: &str, text: &str, catalogue: &Catalogue) -> Result<Filter, String> {
    let limits = Limits::shipped().query;
    let context = QueryContext { limits: &limits, now: jiff::Timestamp::UNIX_EPOCH, catalogue };
    let filter = query::parse(text, &context).map_err(|error| format!("`{name}`, {error}"))?;
    match asks_for_time(&filter) {
        true => Err(format!("`{name}` asks for a time; rules look at events as they come")),
        false => Ok(filter),
    }
}

fn asks_for_time(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(asks_for_time),
        Filter::Not(filter) => asks_for_time(filter),
        Filter::Occurred(_) | Filter::Received(_) => true,
        _ => false,
    }
}

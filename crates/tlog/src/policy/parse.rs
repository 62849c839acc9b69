//! Reading a policy file line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Log, Member, POLICY_ITEMS_MAX, POLICY_LEN_MAX, Policy, Quorum, Witness};
use crate::key::{Algorithm, KeyError, VerifyingKey};
use crate::text::parse_decimal;

/// The quorum that nobody must reach.
pub(super) const NONE: &str = "none";

/// Why a file is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {problem}")]
pub struct PolicyParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: PolicyProblem,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// The file is too long.
    #[error("the file is longer than {POLICY_LEN_MAX} bytes")]
    TooLong,
    /// Not text.
    #[error("it is not UTF-8, has a control character, or does not end in a newline")]
    NotText,
    /// No line of the format.
    #[error(
        "it is not `log <vkey> [url]`, `witness <name> <vkey> [url]`, \
         `group <name> <k|any|all> <name>…` or `quorum <name>`"
    )]
    Malformed,
    /// Too many of one kind.
    #[error("there are more than {POLICY_ITEMS_MAX} of its kind")]
    TooMany,
    /// The key is none, or of the wrong kind.
    #[error("the key cannot be used: {0}")]
    Key(KeyError),
    /// A key twice.
    #[error("the same key is listed before")]
    DuplicateKey,
    /// A name twice, or the reserved one.
    #[error("the name `{0}` is taken")]
    NameTaken(String),
    /// A name nobody has.
    #[error("no line before defines `{0}`")]
    UnknownName(String),
    /// A name in two groups.
    #[error("`{0}` is already a member of a group")]
    MemberTwice(String),
    /// More members wanted than there are, or none.
    #[error("the group wants {threshold} of {members} members")]
    Threshold {
        /// How many are wanted.
        threshold: u64,
        /// How many there are.
        members: usize,
    },
    /// A second quorum.
    #[error("there is a quorum already")]
    SecondQuorum,
    /// No quorum.
    #[error("the policy has no quorum line")]
    NoQuorum,
}

#[derive(Default)]
struct Parser {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: BTreeMap<String, Member>,
    members: BTreeSet<String>,
    quorum: Option<Quorum>,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, PolicyParseError> {
    let at = |line| move |problem| PolicyParseError { line, problem };
    if bytes.len() > POLICY_LEN_MAX {
        return Err(at(1)(PolicyProblem::TooLong));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| at(1)(PolicyProblem::NotText))?;
    let last = text.split('\n').count();
    let Some(lines) = text.strip_suffix('\n') else {
        return Err(at(last)(PolicyProblem::NotText));
    };
    let mut parser = Parser::default();
    for (place, line) in lines.split('\n').enumerate() {
        parser.line(line).map_err(at(place + 1))?;
    }
    let Parser { logs, witnesses, groups, quorum, .. } = parser;
    let quorum = quorum.ok_or(at(last)(PolicyProblem::NoQuorum))?;
    Ok(Policy { logs, witnesses, groups, quorum })
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), PolicyProblem> {
        if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(PolicyProblem::NotText);
        }
        // Space and tab alone part words; a name may have any other kind of space.
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(PolicyProblem::Malformed),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), PolicyProblem> {
        let key = parse_key(key, Algorithm::Note)?;
        if self.logs.iter().any(|log| log.key.as_bytes() == key.as_bytes()) {
            return Err(PolicyProblem::DuplicateKey);
        }
        push_bounded(&mut self.logs, Log { key, url: url.map(str::to_owned) })
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), PolicyProblem> {
        let key = parse_key(key, Algorithm::Cosignature)?;
        if self.witnesses.iter().any(|witness| witness.key.as_bytes() == key.as_bytes()) {
            return Err(PolicyProblem::DuplicateKey);
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let url = url.map(str::to_owned);
        push_bounded(&mut self.witnesses, Witness { name: name.to_owned(), key, url })
    }

    fn group(
        &mut self,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), PolicyProblem> {
        let count = members.len();
        let threshold = match threshold {
            "any" => 1,
            "all" => count,
            number => {
                let number = parse_decimal(number).ok_or(PolicyProblem::Malformed)?;
                let too_many = PolicyProblem::Threshold { threshold: number, members: count };
                usize::try_from(number).map_err(|_| too_many)?
            }
        };
        if !(1..=count).contains(&threshold) {
            let threshold = u64::try_from(threshold).unwrap_or(u64::MAX);
            return Err(PolicyProblem::Threshold { threshold, members: count });
        }
        let mut found = Vec::with_capacity(count);
        for &member in members {
            found.push(self.named(member)?);
            if !self.members.insert(member.to_owned()) {
                return Err(PolicyProblem::MemberTwice(member.to_owned()));
            }
        }
        self.define(name, Member::Group(self.groups.len()))?;
        push_bounded(&mut self.groups, Group { name: name.to_owned(), threshold, members: found })
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyProblem> {
        let quorum = if name == NONE { Quorum::None } else { Quorum::Of(self.named(name)?) };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err(PolicyProblem::SecondQuorum),
        }
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), PolicyProblem> {
        let taken = || PolicyProblem::NameTaken(name.to_owned());
        if name == NONE || self.names.insert(name.to_owned(), member).is_some() {
            return Err(taken());
        }
        Ok(())
    }

    fn named(&self, name: &str) -> Result<Member, PolicyProblem> {
        let unknown = || PolicyProblem::UnknownName(name.to_owned());
        self.names.get(name).copied().ok_or_else(unknown)
    }
}

fn parse_key(text: &str, algorithm: Algorithm) -> Result<VerifyingKey, PolicyProblem> {
    let key = VerifyingKey::parse(text).map_err(PolicyProblem::Key)?;
    if key.algorithm() == algorithm {
        Ok(key)
    } else {
        Err(PolicyProblem::Key(KeyError::Algorithm))
    }
}

fn push_bounded<T>(items: &mut Vec<T>, item: T) -> Result<(), PolicyProblem> {
    if items.len() >= POLICY_ITEMS_MAX {
        return Err(PolicyProblem::TooMany);
    }
    items.push(item);
    Ok(())
}

//! Policies: which logs are believed, and which witnesses must have cosigned (C2SP tlog-policy).
//!
//! Stricter than the specification in one point: the file must be UTF-8.

mod parse;

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{Cosigned, cosignatures};
use crate::key::VerifyingKey;
use crate::note::{Note, VerifyError};

pub use parse::PolicyParseError;

/// The most logs, witnesses or groups, each.
pub const POLICY_ITEMS_MAX: usize = 64;
/// The longest policy file, bytes.
pub const POLICY_LEN_MAX: usize = 128 * 1024;

/// Whom to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A log that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, named as its origin.
    pub key: VerifyingKey,
    /// Where it is found.
    pub url: Option<String>,
}

/// A witness that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: VerifyingKey,
    /// Where it is found.
    pub url: Option<String>,
}

/// Witnesses and other groups, of which some must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name within the policy.
    pub name: String,
    /// How many of the members.
    pub threshold: usize,
    members: Vec<Member>,
}

/// A witness or an earlier group, by its place in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quorum {
    None,
    Of(Member),
}

/// What a policy found in a checkpoint it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'p> {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The log that signed it.
    pub log: &'p Log,
    /// The witnesses that cosigned it, and when.
    pub cosigned: Vec<(&'p Witness, u64)>,
}

/// Why a policy does not accept a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The note is no checkpoint.
    #[error("the note is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
    /// No log of the policy has this origin.
    #[error("the policy does not know the log `{0}`")]
    UnknownLog(String),
    /// The log has not signed it, or a signature of the log is wrong.
    #[error("the checkpoint is not signed by the log")]
    Log(#[source] VerifyError),
    /// A witness's cosignature is wrong.
    #[error("a cosignature of the checkpoint is wrong")]
    Witness(#[source] VerifyError),
    /// Too few witnesses have cosigned.
    #[error("the quorum `{quorum}` is not reached; cosigned by {}", listed(.cosigned))]
    NoQuorum {
        /// Who must have cosigned.
        quorum: String,
        /// Who has.
        cosigned: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// When it breaks a rule of the format; the error names the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyParseError> {
        parse::parse(bytes)
    }

    /// The logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Checks a checkpoint: one of the logs must have signed it, and enough witnesses cosigned it.
    ///
    /// # Errors
    /// When either is not so, or any known key's signature is wrong.
    pub fn check(&self, note: &Note) -> Result<Verdict<'_>, PolicyError> {
        let checkpoint = Checkpoint::parse_foreign(note.text())?;
        let of_origin: Vec<&Log> =
            self.logs.iter().filter(|log| log.key.name() == checkpoint.origin).collect();
        if of_origin.is_empty() {
            return Err(PolicyError::UnknownLog(checkpoint.origin));
        }
        let keys: Vec<VerifyingKey> = of_origin.iter().map(|log| log.key.clone()).collect();
        let signer = note.verify(&keys).map_err(PolicyError::Log)?;
        let signed = |log: &&&Log| signer.iter().any(|&key| *key == log.key);
        let not_signed = PolicyError::Log(VerifyError::NotSigned);
        let log = of_origin.iter().find(signed).ok_or(not_signed)?;
        let cosigned = self.cosigned(note)?;
        if self.is_quorum(&cosigned) {
            Ok(Verdict { checkpoint, log, cosigned })
        } else {
            let cosigned = cosigned.iter().map(|(witness, _)| witness.name.clone()).collect();
            Err(PolicyError::NoQuorum { quorum: self.quorum_name().to_owned(), cosigned })
        }
    }

    fn cosigned(&self, note: &Note) -> Result<Vec<(&Witness, u64)>, PolicyError> {
        let mut cosigned = Vec::new();
        for witness in &self.witnesses {
            let found = cosignatures(note, std::slice::from_ref(&witness.key));
            let found = found.map_err(PolicyError::Witness)?;
            cosigned.extend(found.first().map(|Cosigned { time, .. }| (witness, *time)));
        }
        Ok(cosigned)
    }

    fn is_quorum(&self, cosigned: &[(&Witness, u64)]) -> bool {
        let by_witness = |place: usize| {
            let name = &self.witnesses[place].name;
            cosigned.iter().any(|(witness, _)| witness.name == *name)
        };
        // A group has earlier groups alone as members, so one pass decides them all.
        let mut by_group: Vec<bool> = Vec::with_capacity(self.groups.len());
        let has = |member: &Member, by_group: &[bool]| match *member {
            Member::Witness(place) => by_witness(place),
            Member::Group(place) => by_group[place],
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| has(member, &by_group)).count();
            by_group.push(count >= group.threshold);
        }
        match &self.quorum {
            Quorum::None => true,
            Quorum::Of(member) => has(member, &by_group),
        }
    }

    fn name_of(&self, member: Member) -> &str {
        match member {
            Member::Witness(place) => &self.witnesses[place].name,
            Member::Group(place) => &self.groups[place].name,
        }
    }

    fn quorum_name(&self) -> &str {
        match self.quorum {
            Quorum::None => parse::NONE,
            Quorum::Of(member) => self.name_of(member),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |url: &Option<String>| match url {
            Some(url) => format!(" {url}"),
            None => String::new(),
        };
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, after(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, after(&witness.url))?;
        }
        for group in &self.groups {
            write!(f, "group {} {}", group.name, group.threshold)?;
            group.members.iter().try_for_each(|&member| write!(f, " {}", self.name_of(member)))?;
            writeln!(f)?;
        }
        writeln!(f, "quorum {}", self.quorum_name())
    }
}

#[cfg(test)]
mod tests;

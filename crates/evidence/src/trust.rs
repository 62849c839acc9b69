//! Whose signatures are believed.

mod text;

use annals_tlog::policy::PolicyParseError;
use annals_tlog::{Note, Policy, VerifyingKey};

use crate::names::printable;
use crate::problem::Problem;

pub use text::{KEYS_LEN_MAX, KEYS_MAX, KeysError};

/// The keys that a verifier believes, and the witnesses that must have cosigned.
///
/// The keys that come with a bundle show no more than that the bundle agrees with itself: whoever makes
/// up a bundle can make up its keys as well. So ask the operator of the log, or somebody who kept
/// them, for the keys.
#[derive(Debug, Clone)]
pub struct Trust(Option<Keys>);

impl Trust {
    /// Believes the keys that came with the bundle; the report says so.
    pub fn keys_in_bundle() -> Self {
        Self(None)
    }

    /// Believes these keys alone: of the shards, of the commitments to stream heads, and of bundles.
    pub fn keys(keys: Vec<VerifyingKey>) -> Self {
        Self(Some(Keys { keys, policy: None }))
    }

    /// Believes the keys of the logs of a policy, and demands its quorum of witnesses under the
    /// checkpoints of all shards.
    pub fn policy(policy: Policy) -> Self {
        Self(Some(Keys::of_policy(policy)))
    }

    /// The keys to believe, or those of the bundle's policy.
    pub(crate) fn or_of_bundle(&self, policy: Policy) -> Keys {
        self.0.clone().unwrap_or_else(|| Keys::of_policy(policy))
    }

    pub(crate) fn is_of_bundle(&self) -> bool {
        self.0.is_none()
    }
}

/// A policy that knows these keys as logs, and demands no witness.
///
/// # Errors
/// When a key is there twice or is a witness's, or there are more than a policy can have.
pub fn policy_of_keys(keys: &[VerifyingKey]) -> Result<Policy, PolicyParseError> {
    let logs: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(format!("{logs}quorum none\n").as_bytes())
}

/// A witness that cosigned a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Its name in the policy.
    pub witness: String,
    /// When, seconds since 1970 by its clock.
    pub time: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Keys {
    keys: Vec<VerifyingKey>,
    policy: Option<Policy>,
}

impl Keys {
    pub(crate) fn of_policy(policy: Policy) -> Self {
        let keys = policy.logs().iter().map(|log| log.key.clone()).collect();
        Self { keys, policy: Some(policy) }
    }

    /// Checks that a note is signed by the key of this name.
    pub(crate) fn check(&self, name: &str, note: &Note) -> Result<(), Problem> {
        let named = self.keys.iter().filter(|key| key.name() == name);
        let keys: Vec<VerifyingKey> = named.cloned().collect();
        let name = || name.to_owned();
        if keys.is_empty() {
            return Err(Problem::NoKey { name: name() });
        }
        let wrong = |problem| Problem::Signature { name: name(), problem };
        note.verify(&keys).map(|_| ()).map_err(wrong)
    }

    /// Who cosigned a checkpoint; an error when the quorum is not reached.
    pub(crate) fn cosigned(&self, note: &Note) -> Result<Vec<Cosigned>, Problem> {
        let Some(policy) = &self.policy else { return Ok(Vec::new()) };
        let verdict =
            policy.check(note).map_err(|error| Problem::Policy(printable(&error.to_string())))?;
        let cosigned = |(witness, time): (&annals_tlog::policy::Witness, u64)| Cosigned {
            witness: printable(&witness.name),
            time,
        };
        Ok(verdict.cosigned.into_iter().map(cosigned).collect())
    }
}

#[cfg(test)]
mod tests;

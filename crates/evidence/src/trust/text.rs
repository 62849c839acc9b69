//! Keys as people keep and paste them.

use annals_tlog::policy::PolicyParseError;
use annals_tlog::{Algorithm, KeyError, Policy, VerifyingKey};
use serde_json::Value;

use super::{Trust, policy_of_keys};
use crate::names::printable;

/// The longest text of keys, bytes.
pub const KEYS_LEN_MAX: usize = 1024 * 1024;
/// The most keys in it.
pub const KEYS_MAX: usize = 1000;

/// Why a text does not say whom to believe. Each reads on from the name of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Longer than any.
    #[error("has {length} bytes; of a text of keys at most {KEYS_LEN_MAX} are read")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// It is no text.
    #[error("is not UTF-8, so it is no text of keys")]
    NotText,
    /// It begins as JSON does and goes on otherwise.
    #[error("is no whole `log.json`: {0}; copy it again, from its first brace to its last")]
    NotJson(String),
    /// There is no key in it.
    #[error("holds no key")]
    NoKey,
    /// There are too many.
    #[error("holds more than {KEYS_MAX} keys")]
    TooMany,
    /// One of them cannot be used.
    #[error("holds `{key}`, which is no key")]
    Key {
        /// Its text.
        key: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// One of them is not a log's.
    #[error("holds `{key}`, the key of a witness; give a policy that names it and a quorum")]
    Witness {
        /// Its text.
        key: String,
    },
    /// It has neither the form of keys nor that of a policy.
    #[error("is no policy")]
    Policy(#[from] PolicyParseError),
}

impl Trust {
    /// Reads whom to believe: the `log.json` of a log (every `vkey` in it), keys one a line, or a policy
    /// (C2SP tlog-policy).
    ///
    /// A policy must name its quorum itself, so that no witness in it is passed over in silence. Lines may
    /// end as they do on Windows, blanks around them do not count, and neither do empty lines and those
    /// that begin with `#`.
    ///
    /// # Errors
    /// When it is none of these, or holds no key, or one that cannot be used, or too much.
    pub fn parse(text: &[u8]) -> Result<Self, KeysError> {
        if text.len() > KEYS_LEN_MAX {
            return Err(KeysError::TooLong { length: text.len() });
        }
        let text = std::str::from_utf8(text).map_err(|_| KeysError::NotText)?;
        if text.trim_start().starts_with('{') {
            let description = serde_json::from_str(text);
            let description =
                description.map_err(|error| KeysError::NotJson(printable(&error.to_string())))?;
            let mut keys = Vec::new();
            collect_keys(&description, &mut keys)?;
            return of_keys(keys);
        }
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        if !lines.iter().all(|line| is_aside(line) || is_word(line)) {
            return Ok(Self::policy(Policy::parse((lines.join("\n") + "\n").as_bytes())?));
        }
        let keys = lines.into_iter().filter(|line| !is_aside(line));
        of_keys(keys.take(KEYS_MAX + 1).map(parsed).collect::<Result<_, _>>()?)
    }

    /// The policy by which to judge a checkpoint of this origin, when it does not come in a bundle.
    ///
    /// Keys alone demand no witness; believing those of a bundle is believing nobody.
    ///
    /// # Errors
    /// When more keys are of this name than a policy can have.
    pub fn policy_for(&self, origin: &str) -> Result<Policy, PolicyParseError> {
        let Some(given) = &self.0 else { return policy_of_keys(&[]) };
        if let Some(policy) = &given.policy {
            return Ok(policy.clone());
        }
        let mut keys: Vec<VerifyingKey> = Vec::new();
        for key in given.keys.iter().filter(|key| key.name() == origin) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        policy_of_keys(&keys)
    }
}

fn is_aside(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

/// Whether it may be a key, which has no blank in it, unlike every line of a policy.
fn is_word(line: &str) -> bool {
    !line.contains(char::is_whitespace)
}

/// Every `vkey` of a `log.json`, until there is one too many. As deep as JSON is read, which is bounded.
fn collect_keys(value: &Value, keys: &mut Vec<VerifyingKey>) -> Result<(), KeysError> {
    match value {
        _ if keys.len() > KEYS_MAX => Ok(()),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| match value {
            Value::String(vkey) if name == "vkey" => {
                keys.push(parsed(vkey)?);
                Ok(())
            }
            value => collect_keys(value, keys),
        }),
        Value::Array(values) => values.iter().try_for_each(|value| collect_keys(value, keys)),
        _ => Ok(()),
    }
}

fn parsed(text: &str) -> Result<VerifyingKey, KeysError> {
    let shown = || printable(text);
    let key =
        VerifyingKey::parse(text).map_err(|source| KeysError::Key { key: shown(), source })?;
    match key.algorithm() {
        Algorithm::Note => Ok(key),
        Algorithm::Cosignature => Err(KeysError::Witness { key: shown() }),
    }
}

fn of_keys(keys: Vec<VerifyingKey>) -> Result<Trust, KeysError> {
    match keys.len() {
        0 => Err(KeysError::NoKey),
        1..=KEYS_MAX => Ok(Trust::keys(keys)),
        _ => Err(KeysError::TooMany),
    }
}

#[cfg(test)]
mod tests;

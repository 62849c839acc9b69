//! Rules as they stand in `config/masking.toml`, read and checked.

use serde::Deserialize;

use super::CATALOGUE_RULE;
use super::fields::{FieldPattern, Fields};
use super::key_names::KeyNames;

/// The rules that ship with Annals.
const SHIPPED: &str = include_str!("../../../../config/masking.toml");
/// A file of rules has at most so many bytes.
pub const RULES_BYTES_MAX: usize = 256 * 1024;
/// A file has at most so many rules.
const RULES_MAX: usize = 64;
/// A rule has at most so many fields, exceptions, or names of keys.
const LIST_MAX: usize = 256;
/// The name of a rule has at most so many characters.
pub(super) const NAME_MAX: usize = 32;

/// What a rule looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// The whole value of the fields named.
    Value,
    /// The value of a key with a telling name.
    Key,
    /// The value of a key with a telling name, if it looks random besides.
    Entropy,
    /// The password of `scheme://user:password@host`.
    UrlPassword,
    /// PEM private keys.
    PrivateKey,
    /// JSON Web Tokens.
    Jwt,
    /// What follows the word `Bearer`.
    Bearer,
    /// Keys of well-known shapes.
    ApiKey,
    /// Card numbers.
    Card,
    /// US social security numbers.
    Ssn,
    /// International bank account numbers.
    Iban,
}

impl Detector {
    /// The word for it in a file of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Key => "key",
            Self::Entropy => "entropy",
            Self::UrlPassword => "url_password",
            Self::PrivateKey => "private_key",
            Self::Jwt => "jwt",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Card => "card",
            Self::Ssn => "ssn",
            Self::Iban => "iban",
        }
    }
}

/// What is left of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Drop,
    /// `[redacted:name]`.
    Redact,
    /// `pseudonym:...`, the same for the same value.
    Pseudonym,
}

impl Action {
    /// The word for it in a file of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Redact => "redact",
            Self::Pseudonym => "pseudonym",
        }
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Stands in markers, labels and metrics.
    pub name: String,
    /// What it looks for.
    pub detector: Detector,
    /// What is left.
    pub action: Action,
    pub(super) fields: Fields,
    pub(super) keys: KeyNames,
}

impl Rule {
    /// Where it looks, and where not, as the file says it.
    pub fn places(&self) -> String {
        self.fields.to_string()
    }
}

/// All rules, ready for use.
#[derive(Debug)]
pub struct Masker {
    pub(super) rules: Vec<Rule>,
    /// The rule for metadata that the catalogue calls masked; its index is that of the last.
    pub(super) catalogue: usize,
    /// Whether some rule looks at whole values of fields.
    pub(super) has_values: bool,
    /// Whether some rule may name identifiers.
    pub(super) has_named: bool,
}

/// What is wrong with a file of rules.
#[derive(Debug, thiserror::Error)]
pub enum MaskingError {
    /// Not readable as rules.
    #[error("the masking rules cannot be read")]
    Unreadable(#[from] Box<toml::de::Error>),
    /// Readable, but not right.
    #[error("masking rule `{rule}`: {problem}")]
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
    catalogue: CatalogueEntry,
    #[serde(default)]
    rule: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueEntry {
    action: Action,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: String,
    detector: Detector,
    action: Action,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    not_keys: Vec<String>,
}

impl Masker {
    /// The rules that ship with Annals.
    pub fn shipped() -> Self {
        Self::read(SHIPPED).expect("the shipped rules are checked by a test")
    }

    /// Reads a file of rules.
    ///
    /// # Errors
    /// When it is no TOML of that form, or a rule cannot be followed; says which, and what is right.
    pub fn read(text: &str) -> Result<Self, MaskingError> {
        if text.len() > RULES_BYTES_MAX {
            let problem = format!("the file has more than {RULES_BYTES_MAX} bytes");
            return Err(MaskingError::Wrong { rule: String::new(), problem });
        }
        let file: RulesFile = toml::from_str(text).map_err(Box::new)?;
        let mut rules = Vec::with_capacity(file.rule.len() + 1);
        for entry in file.rule {
            let rule = entry.name.clone();
            if rules.iter().any(|known: &Rule| known.name == rule) {
                return Err(MaskingError::Wrong { rule, problem: "is there twice".into() });
            }
            let read = entry.read().map_err(|problem| MaskingError::Wrong { rule, problem })?;
            rules.push(read);
        }
        if rules.len() > RULES_MAX {
            let problem = format!("is one of {} rules; at most {RULES_MAX}", rules.len());
            return Err(MaskingError::Wrong { rule: rules[RULES_MAX].name.clone(), problem });
        }
        let has_values = rules.iter().any(|rule| rule.detector == Detector::Value);
        let has_named = rules.iter().any(|rule| rule.fields.may_name_identifiers());
        let catalogue = rules.len();
        rules.push(Rule {
            name: CATALOGUE_RULE.into(),
            detector: Detector::Value,
            action: file.catalogue.action,
            fields: Fields::none(),
            keys: KeyNames::default(),
        });
        Ok(Self { rules, catalogue, has_values, has_named })
    }

    /// Every rule, in order; the last is that of the catalogue.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether some rule makes pseudonyms.
    pub fn needs_key(&self) -> bool {
        self.rules.iter().any(|rule| rule.action == Action::Pseudonym)
    }
}

impl RuleEntry {
    fn read(self) -> Result<Rule, String> {
        let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if self.name.is_empty() || self.name.len() > NAME_MAX || !self.name.bytes().all(good) {
            return Err(format!("a name has 1 to {NAME_MAX} characters of a-z, 0-9 and `-`"));
        }
        if self.name == CATALOGUE_RULE {
            return Err("this is the name of the rule in `[catalogue]`; take another".into());
        }
        let lists = [&self.fields, &self.except, &self.keys, &self.not_keys];
        if lists.iter().any(|list| list.len() > LIST_MAX) {
            return Err(format!("a list has more than {LIST_MAX} items"));
        }
        let by_key = matches!(self.detector, Detector::Key | Detector::Entropy);
        if by_key == self.keys.is_empty() {
            return Err(
                "`keys` belong to the detectors `key` and `entropy`, and to these only".into()
            );
        }
        if self.detector == Detector::Value && self.fields.is_empty() {
            return Err("the detector `value` needs `fields`".into());
        }
        let within = self.fields.iter().map(|path| FieldPattern::read(path));
        let except = self.except.iter().map(|path| FieldPattern::read_exception(path));
        let fields =
            Fields::new(within.collect::<Result<_, _>>()?, except.collect::<Result<_, _>>()?);
        if self.detector == Detector::Value && fields.is_everywhere() {
            return Err("the detector `value` needs fields with names, not `*`".into());
        }
        let keys = KeyNames::read(&self.keys, &self.not_keys)?;
        let Self { name, detector, action, .. } = self;
        Ok(Rule { name, detector, action, fields, keys })
    }
}

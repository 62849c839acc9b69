//! Names of keys that tell what their values are.
//!
//! `api_key`, `apiKey`, `API-KEY` and `X-Api-Key` are one name: case and separators do not count.

/// Longer names are looked at by their ends.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// Names this long are recognised at the end of any other; shorter ones only where a word begins.
const UNMISTAKABLE: usize = 8;

/// Names of a rule.
#[derive(Debug, Default)]
pub(super) struct KeyNames {
    whole: Vec<String>,
    ends: Vec<String>,
    not: Vec<String>,
    /// Last letters of all names: most keys are told by these.
    last: LastLetters,
}

#[derive(Debug, Default, Clone, Copy)]
struct LastLetters(u64);

impl LastLetters {
    fn place(letter: u8) -> u64 {
        match letter {
            b'a'..=b'z' => 1 << (letter - b'a'),
            b'0'..=b'9' => 1 << (26 + letter - b'0'),
            _ => 0,
        }
    }
}

/// A key without case and separators, and where its words began.
#[derive(Debug)]
pub(super) struct Normal {
    text: String,
    starts: Vec<usize>,
}

impl Normal {
    /// None when the key holds no letter or digit.
    pub(super) fn of(key: &str) -> Option<Self> {
        let mut from = key.len().saturating_sub(NAME_BYTES_MAX);
        while !key.is_char_boundary(from) {
            from += 1;
        }
        let mut normal = Self { text: String::with_capacity(key.len() - from), starts: Vec::new() };
        let mut before = b' ';
        for byte in key[from..].bytes() {
            if byte.is_ascii_alphanumeric() {
                let begins = !before.is_ascii_alphanumeric()
                    || (byte.is_ascii_uppercase() && !before.is_ascii_uppercase());
                if begins {
                    normal.starts.push(normal.text.len());
                }
                normal.text.push(char::from(byte.to_ascii_lowercase()));
            }
            before = byte;
        }
        (!normal.text.is_empty()).then_some(normal)
    }

    /// Whether one of these plain names ends the key.
    pub(super) fn ends_like(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.text.ends_with(name))
    }

    fn ends_with(&self, name: &str) -> bool {
        self.text.ends_with(name)
            && (name.len() >= UNMISTAKABLE || self.starts.contains(&(self.text.len() - name.len())))
    }
}

impl KeyNames {
    /// Reads names as a file of rules writes them.
    pub(super) fn read(keys: &[String], not: &[String]) -> Result<Self, String> {
        let mut names = Self::default();
        let normal = |name: &str| {
            let normal = Normal::of(name).map(|normal| normal.text);
            normal.ok_or_else(|| format!("`{name}` is no name of a key"))
        };
        for key in keys {
            let (list, name) = match key.strip_prefix('=') {
                Some(name) => (&mut names.whole, normal(name)?),
                None => (&mut names.ends, normal(key)?),
            };
            names.last.0 |= LastLetters::place(name.bytes().last().unwrap_or_default());
            list.push(name);
        }
        names.not = not.iter().map(|name| normal(name)).collect::<Result<_, _>>()?;
        Ok(names)
    }

    /// Whether a key that ends with this byte may be one of them.
    pub(super) fn may_end_with(&self, byte: u8) -> bool {
        self.last.0 & LastLetters::place(byte.to_ascii_lowercase()) != 0
    }

    /// Whether the key is one of them.
    pub(super) fn know(&self, key: &Normal) -> bool {
        let known =
            self.whole.contains(&key.text) || self.ends.iter().any(|name| key.ends_with(name));
        known && !self.not.iter().any(|name| key.ends_with(name))
    }
}

/// Keys of an object under which a name stands: `{"name": "password", "value": ...}`.
const WORDS_FOR_NAMES: &[&str] =
    &["name", "key", "header", "path", "field", "property", "attribute", "parameter", "param"];
/// Keys under which the value of that name stands, or what it was and became.
const WORDS_FOR_VALUES: &[&str] = &[
    "value",
    "values",
    "before",
    "after",
    "old",
    "new",
    "old_value",
    "new_value",
    "oldValue",
    "newValue",
];

/// Whether a name stands under that key.
pub(super) fn is_word_for_name(key: &str) -> bool {
    (3..=9).contains(&key.len()) && is_one_of(key, WORDS_FOR_NAMES)
}

/// Whether the value of a name stands under that key.
pub(super) fn is_word_for_value(key: &str) -> bool {
    (3..=9).contains(&key.len()) && is_one_of(key, WORDS_FOR_VALUES)
}

fn is_one_of(key: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(key))
}

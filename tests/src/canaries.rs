//! Words that are planted where personal data stands, and looked for in everything that lies on disk, in
//! whatever form they may have been written.
//!
//! What was compressed before it was written is not seen through: compression hides nothing on purpose,
//! and nothing of ours is compressed without being sealed.

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use regex::bytes::{Regex, RegexBuilder};
use uuid::Uuid;

/// Room for the patterns of many words in many forms, bytes.
const PATTERNS_BYTES_MAX: usize = 256 << 20;
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const OF_ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Words that stand nowhere else, each with the field it was planted in.
#[derive(Debug, Default)]
pub struct Canaries {
    words: Vec<(String, Vec<u8>)>,
}

/// A word was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// Where it was planted.
    pub field: String,
    /// In which form it was found.
    pub form: String,
    /// In which file, or in whose name.
    pub file: PathBuf,
    /// At which byte of it; none for a name.
    pub at: Option<usize>,
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, form, file, at } = self;
        match at {
            Some(at) => write!(f, "{field} as {form} in `{}` at byte {at}", file.display()),
            None => write!(f, "{field} as {form} in the name of `{}`", file.display()),
        }
    }
}

impl Canaries {
    /// A word for a field: small letters and digits, so that no parser cuts or changes it.
    pub fn word(&mut self, field: &str) -> String {
        let letters: String = field.chars().filter(char::is_ascii_lowercase).collect();
        let word = format!("canary{letters}{}", &Uuid::new_v4().simple().to_string()[..12]);
        self.known(field, &word);
        word
    }

    /// An address for a field, also looked for as the 16 bytes it stands for.
    pub fn address(&mut self, field: &str) -> Ipv6Addr {
        let random = Uuid::new_v4();
        let mut bytes = *random.as_bytes();
        bytes[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        let address = Ipv6Addr::from(bytes);
        self.known(field, &address.to_string());
        self.words.push((format!("{field} (bytes)"), bytes.to_vec()));
        address
    }

    /// Looks for this too.
    pub fn known(&mut self, field: &str, text: &str) {
        self.words.push((field.to_owned(), text.as_bytes().to_vec()));
    }

    /// How many words there are.
    pub fn count(&self) -> usize {
        self.words.len()
    }

    /// Looks for all of them in the names and bytes of all files below a directory.
    ///
    /// # Panics
    /// When a file cannot be read.
    pub fn found_in(&self, directory: &Path) -> Vec<Sighting> {
        let scanner = Scanner::new(&self.words);
        let mut found = Vec::new();
        for file in files_below(directory) {
            let name = file.strip_prefix(directory).unwrap_or(&file);
            found.extend(scanner.look(&file, name.as_os_str().as_encoded_bytes(), |_| None));
            let bytes = std::fs::read(&file).expect("the files of a test can be read");
            found.extend(scanner.look(&file, &bytes, Some));
        }
        found.sort();
        found
    }

    /// Fails the test when any of them lies below a directory.
    ///
    /// # Panics
    /// Then, and tells where.
    pub fn expect_none_in(&self, directory: &Path) {
        let found = self.found_in(directory);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{} canaries were found:\n{}", told.len(), told.join("\n"));
    }
}

/// Finds all forms of all words in one pass.
struct Scanner {
    pattern: Regex,
    meanings: HashMap<Vec<u8>, (String, &'static str)>,
}

impl Scanner {
    fn new(words: &[(String, Vec<u8>)]) -> Self {
        let mut meanings = HashMap::new();
        for (field, word) in words {
            for (form, bytes) in forms(word) {
                meanings.entry(bytes).or_insert((field.clone(), form));
            }
        }
        // Words hold their longer forms only if those are tried first.
        let mut all: Vec<&Vec<u8>> = meanings.keys().collect();
        all.sort_by_key(|bytes| std::cmp::Reverse(bytes.len()));
        let escaped: Vec<String> = all.iter().map(|bytes| escaped(bytes)).collect();
        let pattern = match escaped.is_empty() {
            true => "[^\\x00-\\xff]".to_owned(),
            false => escaped.join("|"),
        };
        let mut builder = RegexBuilder::new(&pattern);
        builder.unicode(false).size_limit(PATTERNS_BYTES_MAX);
        let pattern = builder.build().expect("escaped bytes are a pattern");
        Self { pattern, meanings }
    }

    fn look(&self, file: &Path, bytes: &[u8], at: fn(usize) -> Option<usize>) -> Vec<Sighting> {
        let sighting = |found: regex::bytes::Match<'_>| {
            let (field, form) = &self.meanings[found.as_bytes()];
            let (field, form) = (field.clone(), (*form).to_owned());
            Sighting { field, form, file: file.to_owned(), at: at(found.start()) }
        };
        self.pattern.find_iter(bytes).map(sighting).collect()
    }
}

/// How a word may be written.
fn forms(word: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |digits: fn(&u8) -> String| word.iter().map(digits).collect::<String>().into_bytes();
    let mut forms = vec![
        ("plain text", word.to_vec()),
        ("capital letters", word.to_ascii_uppercase()),
        ("hexadecimal digits", hex(|byte| format!("{byte:02x}"))),
        ("hexadecimal digits in capitals", hex(|byte| format!("{byte:02X}"))),
        ("JSON escapes", hex(|byte| format!("\\u{byte:04x}"))),
        ("JSON escapes in capitals", hex(|byte| format!("\\u{byte:04X}"))),
        ("escapes of addresses", hex(|byte| format!("%{byte:02X}"))),
        ("UTF-16, low byte first", word.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("UTF-16, high byte first", word.iter().flat_map(|byte| [0, *byte]).collect()),
        ("text backwards", word.iter().rev().copied().collect()),
    ];
    for before in 0..3 {
        forms.push(("base64", base64(word, before, STANDARD)));
        forms.push(("base64 of addresses", base64(word, before, OF_ADDRESSES)));
    }
    forms
}

/// The letters of base64 that follow from the word alone when so many bytes stand before it.
fn base64(word: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bit = |at: usize| (word[at / 8] >> (7 - at % 8)) & 1;
    // Letters of six bits each begin at multiples of six from the beginning of all.
    let first = (6 - (before * 8) % 6) % 6;
    let letters = (word.len() * 8 - first) / 6;
    let letter = |number: usize| {
        let bits = (0..6).map(|at| bit(first + number * 6 + at));
        alphabet[usize::from(bits.fold(0, |value, bit| (value << 1) | bit))]
    };
    (0..letters).map(letter).collect()
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the directory of a test can be read") {
        let entry = entry.expect("the directory of a test can be read");
        match entry.file_type().expect("an entry has a type") {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests;

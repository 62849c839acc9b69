//! Values that a text gives to names: `password=...`, `"api_key": "..."`, `--token ...`, header lines,
//! `<password>...</password>`.
//!
//! One pass from left to right. Behind each name the text is looked at once, and goes on after the
//! value, so the work grows with the length of the text alone.

use std::ops::Range;

use super::super::key_names::{NAME_BYTES_MAX, Normal, is_word_for_name, is_word_for_value};
use super::super::rules::{Detector, Masker};
use super::super::spans::{ends_in_marker, is_marker};
use super::entropy::looks_random;

mod elements;
mod enclosing;
mod values;

use elements::{Tags, after_tag};
use enclosing::Enclosing;
use values::{Reach, ends_token, token_at, value_at};

/// So many spaces may stand on either side of the sign.
const SPACES_MAX: usize = 16;
/// So many quotes, backslashes and brackets may stand between the name and the sign, or before the value.
const QUOTES_MAX: usize = 4;
/// From a name that stands as a value to the value beside it there are at most so many bytes.
const PAIR_BYTES_MAX: usize = 256;
/// Longer than the longest of [`WORDS`] and the signs behind it.
const WORD_BYTES_MAX: usize = 16;
/// Header lines hold spaces: `Authorization: Basic ...`, `Cookie: a=b; c=d`.
const LINES: &[&str] = &["authorization", "cookie", "cookies"];
/// Ends of names whose values programs make: no blank or comma is part of them.
const TOKENS: &[&str] = &["key", "token", "hash", "digest"];
/// Words that follow `password:` in sentences, and are none.
const WORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "yes",
    "no",
    "changed",
    "reset",
    "expired",
    "invalid",
    "wrong",
    "incorrect",
    "required",
    "missing",
    "failed",
    "empty",
    "updated",
    "created",
    "removed",
    "deleted",
    "rotated",
    "revoked",
    "set",
    "not",
    "is",
    "was",
    "the",
    "a",
    "an",
    "for",
    "by",
    "and",
    "must",
    "too",
    "attempt",
    "attempts",
    "policy",
];

/// Tells start, end and rule of every value that a text gives to a telling name.
pub(in super::super) fn find(
    masker: &Masker,
    text: &str,
    found: &mut dyn FnMut(usize, usize, usize),
) {
    let bytes = text.as_bytes();
    let mut reader = Reader { masker, text, enclosing: Enclosing::default(), named: None };
    let mut tags = Tags::default();
    let mut at = 0;
    while at < bytes.len() {
        let value = match bytes[at] {
            b'=' | b':' => reader.after_sign(at),
            b'-' if bytes.get(at + 1) == Some(&b'-') => reader.after_flag(at),
            b'<' => after_tag(masker, text, at, &mut tags),
            _ => None,
        };
        match value {
            Some(Value { start, end, rule }) => {
                if start < end {
                    found(start, end, rule);
                }
                reader.enclosing.leave_out(bytes, start, end);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
}

struct Value {
    start: usize,
    end: usize,
    rule: usize,
}

/// A name that stands as a value: `"name": "password"`, before `"value": ...`.
#[derive(Clone, Copy)]
struct Named {
    rule: usize,
    at: usize,
}

struct Reader<'a> {
    masker: &'a Masker,
    text: &'a str,
    enclosing: Enclosing,
    named: Option<Named>,
}

impl Reader<'_> {
    fn after_sign(&mut self, at: usize) -> Option<Value> {
        let bytes = self.text.as_bytes();
        let name = name_before(self.text, at)?;
        let mut start = at + 1;
        // `=>` is a sign, `==` and `::` are something else.
        match bytes.get(start) {
            Some(b'>') if bytes[at] == b'=' => start += 1,
            Some(b'=' | b':') => return None,
            _ => {}
        }
        let Some((rule, normal)) = rule_of(self.masker, &self.text[name.clone()]) else {
            return self.beside_name(name, at, start);
        };
        let spaces = count(bytes, start, SPACES_MAX, is_space);
        let word = first_word(self.text, start + spaces);
        // `password: changed` is a sentence.
        if spaces > 0 && bytes[at] == b':' && is_word(word) {
            return None;
        }
        let reach = self.reach(&normal, name, at, spaces > 0);
        self.value(start + spaces, at, rule, reach)
    }

    /// What stands for a name, or beside it: `"name": "password", "value": "..."`.
    fn beside_name(&mut self, name: Range<usize>, at: usize, start: usize) -> Option<Value> {
        let (bytes, name) = (self.text.as_bytes(), &self.text[name]);
        let start = start + count(bytes, start, SPACES_MAX, is_space);
        if is_word_for_name(name) {
            let start = start + count(bytes, start, QUOTES_MAX, is_quote);
            let length = count(bytes, start, NAME_BYTES_MAX, |b| is_of_name(b) || b == b'/');
            let mut steps = self.text[start..start + length].split('/');
            let rule = steps.find_map(|step| rule_of(self.masker, step));
            self.named = rule.map(|(rule, _)| Named { rule, at });
            return None;
        }
        let named = self.named.filter(|named| at - named.at <= PAIR_BYTES_MAX)?;
        if !is_word_for_value(name) || is_word(first_word(self.text, start)) {
            return None;
        }
        let value = self.value(start, at, named.rule, Reach::Word { in_query: false })?;
        // Of a change both values are told, one behind the other.
        self.named = Some(Named { at: value.end, ..named });
        Some(value)
    }

    /// `--password value` of a command line, or `"--password", "value"` of a list.
    fn after_flag(&mut self, at: usize) -> Option<Value> {
        let bytes = self.text.as_bytes();
        let start = at + 2;
        let length = count(bytes, start, NAME_BYTES_MAX, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
        });
        let end = start + length;
        let quotes = count(bytes, end, QUOTES_MAX, is_quote);
        let next = end + quotes;
        let is_list = quotes > 0 && bytes.get(next) == Some(&b',');
        if length == 0 || !(is_list || (quotes == 0 && bytes.get(next) == Some(&b' '))) {
            return None;
        }
        let (rule, _) = rule_of(self.masker, &self.text[start..end])?;
        let spaces = next + 1 + count(bytes, next + 1, SPACES_MAX, is_space);
        let from = if is_list { spaces } else { next + 1 };
        let is_quoted = bytes.get(from).is_some_and(|byte| is_quote(*byte));
        if is_list && !is_quoted {
            return None;
        }
        let word = first_word(self.text, from);
        let value = self.value(from, at, rule, Reach::Word { in_query: false })?;
        let other_flag = (is_list || !is_quoted) && bytes[value.start] == b'-';
        (!other_flag && (is_quoted || !is_word(word))).then_some(value)
    }

    /// The value at `from` of the name before `at`.
    fn value(&mut self, from: usize, at: usize, rule: usize, reach: Reach) -> Option<Value> {
        let bytes = self.text.as_bytes();
        let (start, end, _) = match self.masker.rules[rule].detector {
            Detector::Entropy => token_at(bytes, from),
            _ => {
                self.enclosing.read_to(bytes, at);
                value_at(self.text, from, reach, &self.enclosing)
            }
        };
        suits(self.masker, rule, &self.text[start..end]).then_some(Value { start, end, rule })
    }

    /// How far a value may reach that stands without quotes.
    fn reach(&self, normal: &Normal, name: Range<usize>, at: usize, spaced: bool) -> Reach {
        let bytes = self.text.as_bytes();
        if normal.ends_like(LINES) {
            return Reach::Line;
        }
        if normal.ends_like(TOKENS) {
            return Reach::Token;
        }
        let before = name.start.checked_sub(1).map(|at| bytes[at]);
        let in_query = matches!(before, Some(b'?' | b'&'));
        let is_flag = bytes[name.start] == b'-';
        // `PGPASSWORD=... psql` of a shell.
        let is_shell = bytes[at] == b'='
            && !spaced
            && name.end == at
            && !bytes[name].iter().any(u8::is_ascii_lowercase);
        match in_query || is_flag || is_shell {
            true => Reach::Word { in_query },
            false => Reach::Phrase,
        }
    }
}

/// The first rule by key that knows the name.
pub(in super::super) fn rule_of(masker: &Masker, name: &str) -> Option<(usize, Normal)> {
    let last = *name.as_bytes().last()?;
    let mut rules = masker.rules.iter().enumerate();
    if !rules.clone().any(|(_, rule)| rule.keys.may_end_with(last)) {
        return None;
    }
    let normal = Normal::of(name)?;
    let (index, _) =
        rules.find(|(_, rule)| rule.keys.may_end_with(last) && rule.keys.know(&normal))?;
    Some((index, normal))
}

/// Whether the value of a telling name is what its rule looks for.
pub(in super::super) fn suits(masker: &Masker, rule: usize, value: &str) -> bool {
    !value.is_empty()
        && !is_marker(value)
        && (masker.rules[rule].detector != Detector::Entropy || looks_random(value))
}

/// The name that ends before the sign.
fn name_before(text: &str, sign: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let back = |from: usize, max: usize, is: fn(u8) -> bool| {
        bytes[..from].iter().rev().take(max).take_while(|byte| is(**byte)).count()
    };
    let end = sign - back(sign, SPACES_MAX, |byte| byte == b' ');
    let end =
        end - back(end, QUOTES_MAX, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b']' | b'`'));
    let start = end - back(end, NAME_BYTES_MAX, is_of_name);
    // `arn:aws:...:secret:name` gives no value to a name, and neither does a marker.
    let is_step = bytes[sign] == b':' && bytes[..start].last() == Some(&b':');
    (start < end && !is_step && !ends_in_marker(&text[..start])).then_some(start..end)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The word that begins there, as far as it may be one of a sentence.
fn first_word(text: &str, from: usize) -> &str {
    let length = count(text.as_bytes(), from, WORD_BYTES_MAX, |byte| !ends_token(byte));
    text.get(from..from + length).unwrap_or_default()
}

fn is_word(value: &str) -> bool {
    let word = value.trim_end_matches(['.', '!', '?', ':']);
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn count(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).take(max).take_while(|byte| is(**byte)).count()
}

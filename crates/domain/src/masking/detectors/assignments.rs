//! Values that a text gives to names: `password=...`, `"api_key": "..."`, `--token ...`, header lines.
//!
//! One pass from left to right. Behind each name the text is looked at once, and goes on after the
//! value, so the work grows with the length of the text alone.

use super::super::key_names::{NAME_BYTES_MAX, Normal};
use super::super::rules::{Detector, Masker};
use super::super::spans::{ends_in_marker, is_marker};
use super::entropy::looks_random;

mod values;

use values::{token_at, value_at};

/// So many spaces may stand on either side of the sign.
const SPACES_MAX: usize = 3;
/// So many quotes, backslashes and brackets may stand between the name and the sign, or before the value.
const QUOTES_MAX: usize = 4;
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
];

/// Tells start, end and rule of every value that a text gives to a telling name.
pub(in super::super) fn find(
    masker: &Masker,
    text: &str,
    found: &mut dyn FnMut(usize, usize, usize),
) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let sign = bytes[at];
        let value = match sign {
            b'=' | b':' => after_sign(masker, text, at),
            b'-' if bytes.get(at + 1) == Some(&b'-') => after_flag(masker, text, at),
            _ => None,
        };
        match value {
            Some(Value { start, end, rule }) => {
                if start < end {
                    found(start, end, rule);
                }
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

fn after_sign(masker: &Masker, text: &str, at: usize) -> Option<Value> {
    let bytes = text.as_bytes();
    let name = name_before(text, at)?;
    let (rule, normal) = rule_of(masker, name)?;
    let mut start = at + 1;
    // `=>` is a sign, `==` and `::` are something else.
    match bytes.get(start) {
        Some(b'>') if bytes[at] == b'=' => start += 1,
        Some(b'=') => return None,
        Some(b':') => return None,
        _ => {}
    }
    let spaced = bytes.get(start).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    start += count(bytes, start, SPACES_MAX, |byte| matches!(byte, b' ' | b'\t'));
    let (start, end, quoted) = match masker.rules[rule].detector {
        Detector::Entropy => token_at(bytes, start),
        _ => value_at(text, start, takes_line(&normal)),
    };
    let value = &text[start..end];
    // `password: changed` is a sentence.
    let sentence = !quoted && spaced && bytes[at] == b':' && is_word(value);
    (!sentence && suits(masker, rule, value)).then_some(Value { start, end, rule })
}

/// `--password value` of a command line.
fn after_flag(masker: &Masker, text: &str, at: usize) -> Option<Value> {
    let bytes = text.as_bytes();
    let start = at + 2;
    let length = count(bytes, start, NAME_BYTES_MAX, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
    });
    let end = start + length;
    if length == 0 || bytes.get(end) != Some(&b' ') {
        return None;
    }
    let (rule, _) = rule_of(masker, &text[start..end])?;
    let (start, end, quoted) = match masker.rules[rule].detector {
        Detector::Entropy => token_at(bytes, end + 1),
        _ => value_at(text, end + 1, false),
    };
    let value = &text[start..end];
    let other_flag = !quoted && (value.starts_with('-') || is_word(value));
    (!other_flag && suits(masker, rule, value)).then_some(Value { start, end, rule })
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
fn name_before(text: &str, sign: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let back = |from: usize, max: usize, is: fn(u8) -> bool| {
        bytes[..from].iter().rev().take(max).take_while(|byte| is(**byte)).count()
    };
    let end = sign - back(sign, SPACES_MAX, |byte| byte == b' ');
    let end =
        end - back(end, QUOTES_MAX, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b']' | b'`'));
    let start = end
        - back(end, NAME_BYTES_MAX, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
        });
    // `arn:aws:...:secret:name` gives no value to a name, and neither does a marker.
    let is_step = bytes[sign] == b':' && bytes[..start].last() == Some(&b':');
    (start < end && !is_step && !ends_in_marker(&text[..start])).then(|| &text[start..end])
}

/// Header lines hold spaces: `Authorization: Basic ...`, `Cookie: a=b; c=d`.
fn takes_line(name: &Normal) -> bool {
    name.ends_like(&["authorization", "cookie", "cookies"])
}

fn is_word(value: &str) -> bool {
    let word = value.trim_end_matches(['.', '!', '?', ':']);
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn count(bytes: &[u8], from: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().skip(from).take(max).take_while(|byte| is(**byte)).count()
}

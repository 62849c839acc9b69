//! "Did you mean": the nearest of the known words.

use super::fields::fields;

/// A longer word is no slip of a known one.
const CHARS_MAX: usize = 48;

/// The field name nearest to `name`.
pub(super) fn nearest_field(name: &str) -> Option<String> {
    let (prefix, key) = match name.split_once('.') {
        Some((prefix, key)) if !key.is_empty() => (prefix, Some(key)),
        _ => (name, None),
    };
    let known =
        || fields().iter().flat_map(|info| info.aliases.iter().chain([&info.name]).copied());
    let plain = known().filter(|known| !known.ends_with(".<key>"));
    nearest(name, plain)
        .map(str::to_owned)
        // `metdata.amount`: the key is the caller's own.
        .or_else(|| {
            let prefixes = known().filter_map(|known| known.strip_suffix(".<key>"));
            Some(format!("{}.{}", nearest(prefix, prefixes)?, key?))
        })
        // `email` for `actor.email`.
        .or_else(|| {
            let last = format!(".{}", name.to_ascii_lowercase());
            fields().iter().find(|info| info.name.ends_with(&last)).map(|info| info.name.to_owned())
        })
}

/// The word that is nearest to `word`, if any is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> =
        word.chars().take(CHARS_MAX + 1).map(|c| c.to_ascii_lowercase()).collect();
    if word.len() > CHARS_MAX {
        return None;
    }
    let slips_max = (word.len() / 3).max(1);
    // Most are too long or too short to be worth comparing.
    let near = known.filter(|known| known.len().abs_diff(word.len()) <= slips_max);
    let slips = |known: &'a str| (slips_between(&word, known), known);
    let (slips, known) = near.map(slips).min_by_key(|(slips, _)| *slips)?;
    (slips <= slips_max && slips < word.len()).then_some(known)
}

/// How many letters have to be added, left out, replaced or swapped with their neighbour.
fn slips_between(word: &[char], known: &str) -> usize {
    let known: Vec<char> = known.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=known.len()).collect();
    for (i, c) in word.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, k) in known.iter().enumerate() {
            let replaced = last[j] + usize::from(c != k);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && word[i - 1] == *k && known[j - 1] == *c {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[known.len()]
}

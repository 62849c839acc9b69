//! Patterns in which `*` stands for any run of characters, matched without going back.

/// A pattern, cut at its stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) first: String,
    middle: Vec<String>,
    /// What follows the last star; without a star there is none, and `first` is the whole.
    last: Option<String>,
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = pattern.split('*').map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let mut middle: Vec<String> = parts.collect();
        let last = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self { first, middle, last }
    }

    /// Whether the whole of `text` is like the pattern.
    ///
    /// Each part is taken where it first occurs: a later place could only leave less room for the
    /// parts behind it. So every character is looked at once, however many stars there are.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(last) = &self.last else { return text == self.first };
        let Some(mut rest) = text.strip_prefix(self.first.as_str()) else { return false };
        for part in &self.middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

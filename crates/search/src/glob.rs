//! Patterns in which `*` stands for any run of characters.

/// A pattern, cut at its stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    /// What a value begins with.
    pub(crate) start: String,
    /// What follows somewhere behind it, in this order.
    middle: Vec<String>,
    /// What it ends with; `None` when the pattern has no star.
    end: Option<String>,
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let mut parts = pattern.split('*').map(str::to_owned);
        let start = parts.next().unwrap_or_default();
        let mut middle: Vec<String> = parts.collect();
        let end = middle.pop();
        middle.retain(|part| !part.is_empty());
        Self { start, middle, end }
    }

    /// Whether it has no star, so that only one value matches.
    pub(crate) fn is_literal(&self) -> bool {
        self.end.is_none()
    }

    /// Whether everything with the right start matches.
    pub(crate) fn is_prefix(&self) -> bool {
        self.middle.is_empty() && self.end.as_deref() == Some("")
    }

    /// Whether `rest` may stand behind [`Glob::start`].
    ///
    /// The earliest place of each part is as good as any later one, so nothing is tried twice.
    pub(crate) fn matches_rest(&self, rest: &[u8]) -> bool {
        let Some(end) = &self.end else { return rest.is_empty() };
        let mut rest = rest;
        for part in &self.middle {
            match find(rest, part.as_bytes()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(end.as_bytes())
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

//! What is told to the host, as JSON.

use std::error::Error;

use serde::Serialize;

/// What was found. The page shows it as it is, and knows nothing of kinds of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Whether the evidence proves what it claims.
    pub(crate) verdict: Verdict,
    /// The kind of evidence, as its format is called; none when it is of no known kind.
    pub(crate) kind: Option<&'static str>,
    /// What one must know to understand the verdict, in sentences.
    pub(crate) notes: Vec<String>,
    /// How many of what were looked at.
    pub(crate) counts: Vec<Line>,
    /// What the evidence says. Empty when it is refused.
    pub(crate) facts: Vec<Line>,
    /// What the evidence says of several things of a kind. Empty when it is refused.
    pub(crate) lists: Vec<List>,
    /// The very text that is proven, when there is one.
    pub(crate) proven: Option<String>,
    /// What is wrong. There are some exactly when the verdict is [`Verdict::Refused`].
    pub(crate) findings: Vec<String>,
}

/// Whether evidence proves what it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It does.
    Proven,
    /// It agrees with the keys that came with it, which proves nothing to who does not know these.
    Consistent,
    /// It does not; the findings say why.
    Refused,
}

/// A thing and its value. The value is text, as numbers of logs are too large for JavaScript's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    label: &'static str,
    value: String,
}

impl Line {
    pub(crate) fn new(label: &'static str, value: impl ToString) -> Self {
        Self { label, value: value.to_string() }
    }
}

/// Things of a kind, each in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct List {
    title: &'static str,
    items: Vec<String>,
}

impl List {
    pub(crate) fn new(title: &'static str, items: Vec<String>) -> Self {
        Self { title, items }
    }
}

impl Report {
    /// A report that says nothing yet but its verdict.
    pub(crate) fn begun(verdict: Verdict, kind: Option<&'static str>) -> Self {
        Self {
            verdict,
            kind,
            notes: Vec::new(),
            counts: Vec::new(),
            facts: Vec::new(),
            lists: Vec::new(),
            proven: None,
            findings: Vec::new(),
        }
    }

    /// The report on evidence that proves nothing, for one reason.
    pub(crate) fn refused(kind: Option<&'static str>, finding: String) -> Self {
        Self { findings: vec![finding], ..Self::begun(Verdict::Refused, kind) }
    }

    /// The JSON behind its length in 4 bytes, little-endian; none when it is longer than they can say.
    pub(crate) fn to_prefixed_json(&self) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(self).ok()?;
        let length = u32::try_from(json.len()).ok()?;
        Some([&length.to_le_bytes(), json.as_slice()].concat())
    }
}

/// An error with all that caused it, in one sentence; some errors end with their cause already.
pub(crate) fn told_in_full(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_told = cause.to_string();
        if !told.ends_with(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        next = cause.source();
    }
    told
}

#[cfg(test)]
mod tests;

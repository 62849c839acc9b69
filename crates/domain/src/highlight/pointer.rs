//! Where in an event something stands: a JSON pointer (RFC 6901), written out only when it is told.

use std::fmt;

/// A place, step by step. The steps before lie with whoever made them, so walking over an event
/// allocates nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pointer<'a> {
    before: Option<&'a Pointer<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Written as it is, such as `/actor/name`.
    Fixed(&'static str),
    /// A key of the caller's choice.
    Key(&'a str),
    /// A place in a list.
    Item(usize),
}

impl<'a> Pointer<'a> {
    /// A place that every event has, such as `/actor/name`.
    pub(super) fn fixed(path: &'static str) -> Self {
        Self { before: None, step: Step::Fixed(path) }
    }

    /// Something inside, such as `/name`.
    pub(super) fn then(&'a self, path: &'static str) -> Self {
        Self { before: Some(self), step: Step::Fixed(path) }
    }

    /// What is under that key.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self { before: Some(self), step: Step::Key(key) }
    }

    /// The item of that number.
    pub(super) fn item(&'a self, number: usize) -> Self {
        Self { before: Some(self), step: Step::Item(number) }
    }
}

impl fmt::Display for Pointer<'_> {
    /// Recurses as deep as the metadata of an event is nested, which admission has bounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            before.fmt(f)?;
        }
        match self.step {
            Step::Fixed(path) => f.write_str(path),
            Step::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Item(number) => write!(f, "/{number}"),
        }
    }
}

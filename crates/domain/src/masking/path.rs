//! Where something stands in an event.

use std::fmt;

/// Where something stands, not yet written.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(super) fn root(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name) }
    }

    pub(super) fn name(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// Whether the path ends with these steps, however their names are written.
    pub(super) fn ends_with(&self, steps: &str) -> bool {
        let mut names = std::iter::successors(Some(self), |path| path.parent).filter_map(|path| {
            match path.step {
                Step::Name(name) => Some(name),
                Step::Index(_) => None,
            }
        });
        steps.rsplit('.').all(|step| names.next().is_some_and(|name| is_same_name(name, step)))
    }

    /// The path as queries write it: places in lists do not count.
    pub(super) fn of_fact(&self) -> String {
        let mut path = self.parent.map(Path::of_fact).unwrap_or_default();
        match self.step {
            Step::Name("targets") => path.push_str("target"),
            Step::Name("roles") => path.push_str(".role"),
            Step::Name(name) if path.is_empty() => path.push_str(name),
            Step::Name(name) => {
                path.push('.');
                path.push_str(name);
            }
            Step::Index(_) => {}
        }
        path
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.parent, self.step) {
            (None, Step::Name(name)) => f.write_str(name),
            (Some(parent), Step::Name(name)) => write!(f, "{parent}.{name}"),
            (None, Step::Index(index)) => write!(f, "[{index}]"),
            (Some(parent), Step::Index(index)) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase())
}

/// Case and separators do not count.
fn is_same_name(one: &str, other: &str) -> bool {
    one == other || (letters(other).next().is_some() && letters(one).eq(letters(other)))
}

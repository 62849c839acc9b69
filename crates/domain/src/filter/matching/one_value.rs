//! A test of one value by itself, for whoever wants to know which value passed it.

use super::{Condition, ValueTest, field_condition};
use crate::facts::{Fact, fold};
use crate::filter::view::Comparable;
use crate::filter::{Field, Test};

/// A test of the values of one field, made ready once for many of them.
#[derive(Debug, Clone)]
pub(crate) struct ValueMatcher {
    path: String,
    test: ValueTest,
}

impl ValueMatcher {
    /// Makes the test ready; nothing when it looks at no value, only whether there is one.
    pub(crate) fn new(Field(path): &Field, test: &Test) -> Option<Self> {
        match field_condition(path, test) {
            Condition::Value(path, test) => Some(Self { path, test }),
            _ => None,
        }
    }

    /// Whether a value of that field passes.
    pub(crate) fn holds(&self, path: &str, fact: Fact<'_>) -> bool {
        let folded;
        let value = match fact {
            _ if path != self.path => return false,
            Fact::Exact(text) => Comparable::Text(text),
            Fact::Folded(text) => {
                folded = fold(text);
                Comparable::Text(&folded)
            }
            Fact::Number(number) => Comparable::Number(number),
            Fact::Flag(flag) => Comparable::Flag(flag),
            Fact::Address(address) => Comparable::Address(address),
            Fact::Present => return false,
        };
        self.test.passes(value)
    }
}

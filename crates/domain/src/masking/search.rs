//! Finding by its value what stands in the log as a pseudonym.

use super::Pseudonym;
use super::detectors::assignments::{rule_of, suits};
use super::fields::is_touchable;
use super::rules::{Action, Masker};
use super::spans::{Span, left_of_whole};
use super::values::is_masked_by;
use crate::catalogue::Catalogue;
use crate::filter::{Field, Filter, Test, TextTest};
use crate::text;

impl Masker {
    /// The filter, which also finds events where a value that it names stands as a pseudonym.
    ///
    /// Equality becomes "this value or its pseudonym"; words that are a value as a whole likewise. What
    /// was redacted or dropped is not found: nothing of it is left.
    pub fn search(
        &self,
        filter: Filter,
        catalogue: &Catalogue,
        pseudonym: Pseudonym<'_>,
    ) -> Filter {
        let all = |filters: Vec<Filter>| {
            filters.into_iter().map(|one| self.search(one, catalogue, pseudonym)).collect()
        };
        match filter {
            Filter::And(filters) => Filter::And(all(filters)),
            Filter::Or(filters) => Filter::Or(all(filters)),
            Filter::Not(filter) => {
                Filter::Not(Box::new(self.search(*filter, catalogue, pseudonym)))
            }
            Filter::Field(Field(path), Test::Equals(value)) => {
                let stored = self.stored(&path, &value, catalogue, pseudonym);
                let asked = Filter::equals(&path, value);
                match stored {
                    Some(stored) => Filter::Or(vec![asked, Filter::equals(&path, stored)]),
                    None => asked,
                }
            }
            Filter::Text(test) if !test.prefix => {
                let stored = self.stored_words(&test.words, pseudonym);
                match stored {
                    Some(words) => {
                        let stored = Filter::Text(TextTest { words, prefix: false });
                        Filter::Or(vec![Filter::Text(test), stored])
                    }
                    None => Filter::Text(test),
                }
            }
            filter => filter,
        }
    }

    /// What stands in the log for a value of a field, if it is a pseudonym.
    fn stored(
        &self,
        path: &str,
        value: &str,
        catalogue: &Catalogue,
        pseudonym: Pseudonym<'_>,
    ) -> Option<String> {
        if !is_touchable(path) {
            return None;
        }
        let mut types = catalogue.types();
        let whole = match self.value_rule(path) {
            None if types.any(|entry| is_masked_by(&entry.masked, path)) => Some(self.catalogue),
            rule => rule.or_else(|| self.rule_of_key(path, value)),
        };
        match whole {
            Some(rule) => {
                let rule = &self.rules[rule];
                let stored = || left_of_whole(rule, path, value, pseudonym);
                (rule.action == Action::Pseudonym).then(stored)
            }
            None => {
                let covers = |rule: &super::Rule| rule.fields.covers(path);
                let spans = self.spans(value, &covers);
                self.are_pseudonyms(&spans).then(|| self.replace(value, &spans, pseudonym))
            }
        }
    }

    fn rule_of_key(&self, path: &str, value: &str) -> Option<usize> {
        let (rule, _) = rule_of(self, path.rsplit('.').next()?)?;
        (self.rules[rule].fields.covers(path) && suits(self, rule, value)).then_some(rule)
    }

    /// Words that are what a detector finds, as a whole; words do not tell upper from lower case.
    fn stored_words(&self, words: &[String], pseudonym: Pseudonym<'_>) -> Option<Vec<String>> {
        let joined = words.join(" ");
        let spans = self.spans(&joined, &|rule| rule.fields.is_everywhere());
        let whole = matches!(spans[..], [Span { start: 0, end, .. }] if end == joined.len());
        (whole && self.are_pseudonyms(&spans))
            .then(|| text::words(&self.replace(&joined, &spans, pseudonym)))
    }

    fn are_pseudonyms(&self, spans: &[Span]) -> bool {
        let is_pseudonym = |span: &Span| self.rules[span.rule].action == Action::Pseudonym;
        !spans.is_empty() && spans.iter().all(is_pseudonym)
    }
}

//! Identifiers: those that a rule names are masked, those that stay readable in the log for ever are
//! refused where they are secrets.

use std::collections::BTreeMap;

use super::detectors::assignments::{rule_of, suits};
use super::detectors::{self, Glance};
use super::path::Path;
use super::rules::{Detector, Masker, Rule};
use super::values::{Fate, Walk};
use crate::event::{Event, Producer, Request};
use crate::problem::{ErrorCode, FieldError};

const MESSAGE: &str = "holds what looks like a secret; it is stored readably and cannot be masked: send \
                       an identifier, or except the field in the masking rules if it is none";

impl Masker {
    /// Complaints of the identifiers of an event that no rule may touch, that are not sealed, and in
    /// which a detector finds a secret by its shape. They never tell the value.
    pub fn secrets_in_identifiers(&self, event: &Event) -> Vec<FieldError> {
        let Request { id, correlation_id, causation_id, traceparent } = &event.request;
        let fields = [
            ("request.id", id.as_deref()),
            ("request.correlation_id", correlation_id.as_deref()),
            ("request.causation_id", causation_id.as_deref()),
            ("request.traceparent", traceparent.as_deref()),
            ("producer.id", event.producer.as_ref().map(|producer| producer.id.as_str())),
        ];
        let given = fields.iter().filter_map(|(field, text)| Some((*field, (*text)?)));
        given
            .filter(|(field, text)| self.finds_secret(field, text))
            .map(|(field, _)| FieldError::new(field, ErrorCode::Secret, MESSAGE))
            .collect()
    }

    fn finds_secret(&self, field: &str, text: &str) -> bool {
        let glance = Glance::of(text.as_bytes());
        if glance.is_plain() {
            return false;
        }
        // UUIDs and trace contexts: most identifiers are of these, and no key or token is.
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        self.rules.iter().any(|rule| {
            let mut is_found = false;
            if looks_at_identifiers(rule, field) && (!is_hex || rule.detector == Detector::Card) {
                detectors::find(rule.detector, text, &glance, &mut |_, _| is_found = true);
            }
            is_found
        })
    }
}

/// Whether the rule looks for secrets by their shape, and there. Account and social security numbers
/// are left alone: orders and requests are numbered like them.
fn looks_at_identifiers(rule: &Rule, field: &str) -> bool {
    let by_shape = matches!(
        rule.detector,
        Detector::Jwt
            | Detector::ApiKey
            | Detector::PrivateKey
            | Detector::Card
            | Detector::Bearer
            | Detector::UrlPassword
    );
    by_shape && rule.fields.is_everywhere() && !rule.fields.excepts(field)
}

impl Walk<'_> {
    /// An identifier: only a rule that names it touches it.
    pub(super) fn named(&mut self, path: &Path<'_>, text: &mut Option<String>) {
        if let Some(present) = text
            && self.named_text(path, present) == Fate::Goes
        {
            *text = None;
        }
    }

    /// Identifiers in other systems.
    pub(super) fn named_map(&mut self, path: &Path<'_>, map: &mut BTreeMap<String, String>) {
        if !self.masker.has_named {
            return;
        }
        map.retain(|key, value| {
            let path = path.name(key);
            let rule = rule_of(self.masker, key).map(|(rule, _)| rule);
            let rule = rule.filter(|rule| {
                let covers = self.masker.rules[*rule].fields.covers(&path.of_fact());
                covers && suits(self.masker, *rule, value)
            });
            let fate = match self.value_rule(&path).or(rule) {
                Some(rule) => self.whole_text(&path, value, rule),
                None => self.named_text(&path, value),
            };
            fate == Fate::Stays
        });
    }

    fn named_text(&mut self, path: &Path<'_>, text: &mut String) -> Fate {
        if !self.masker.has_named {
            return Fate::Stays;
        }
        match self.value_rule(path) {
            Some(rule) => self.whole_text(path, text, rule),
            None => {
                let fact = path.of_fact();
                self.text_by(path, text, &|rule| rule.fields.covers(&fact))
            }
        }
    }

    /// The identifiers of what was sent that an event is refused for; see
    /// [`Masker::secrets_in_identifiers`].
    pub(super) fn refused_identifiers(
        &mut self,
        request: &mut Option<Request>,
        producer: &mut Option<Producer>,
    ) {
        if let Some(Request { id, correlation_id, causation_id, traceparent }) = request {
            let path = Path::root("request");
            for (name, text) in [
                ("id", id),
                ("correlation_id", correlation_id),
                ("causation_id", causation_id),
                ("traceparent", traceparent),
            ] {
                if let Some(text) = text {
                    self.refused(&path.name(name), text);
                }
            }
        }
        if let Some(producer) = producer {
            self.refused(&Path::root("producer").name("id"), &mut producer.id);
        }
    }

    fn refused(&mut self, path: &Path<'_>, text: &mut String) {
        let field = path.of_fact();
        self.text_by(path, text, &|rule| looks_at_identifiers(rule, &field));
    }
}

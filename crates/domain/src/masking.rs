//! What is hidden in an event before it is stored, for good.
//!
//! Rules are data ([`Masker::read`], `config/masking.toml`). The metadata that the catalogue calls
//! masked goes first, then keys with telling names, then what detectors find in free text. What names
//! the event and its people (ids, type, tenant, times, addresses) no detector touches; see the module `fields`.
//!
//! Masking is deterministic, and masking what is masked changes nothing, so an event that is sent
//! again is the same event. Pure: who needs pseudonyms brings the keyed function.

mod detectors;
mod fields;
mod identifiers;
mod key_names;
mod naming;
mod note;
mod path;
mod rules;
mod search;
mod sent;
mod spans;
mod values;
mod walk;
mod walk_input;

use crate::catalogue::Catalogue;
use crate::event::Event;
use crate::input::EventInput;

pub use note::{LABEL, note};
pub use rules::{Action, Detector, Masker, MaskingError, RULES_BYTES_MAX, Rule};

use values::Walk;

/// Turns the name of a rule and a value into 26 letters and digits of `a-z2-7` that are the same for
/// the same two, and that tell nothing to whoever lacks its key.
pub type Pseudonym<'a> = &'a dyn Fn(&str, &str) -> String;

/// Name of the rule for metadata that the catalogue calls masked.
pub const CATALOGUE_RULE: &str = "catalogue";

/// Something that was masked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Masked {
    /// Path of the field, such as `metadata.payment.card` or `changes[0].after`.
    pub path: String,
    /// Name of the rule.
    pub rule: String,
    /// First character and length of what was hidden, in characters: `4… (16)`.
    pub hint: String,
}

impl Masker {
    /// Masks an event, and tells what; see [`note`] for telling it in the event itself.
    pub fn mask(
        &self,
        event: &mut Event,
        catalogue: &Catalogue,
        pseudonym: Pseudonym<'_>,
    ) -> Vec<Masked> {
        let mut walk = Walk::new(self, masked_keys(catalogue, &event.event_type), pseudonym);
        walk.event(event);
        walk.found
    }

    /// Masks an event as a caller sends it: by the same rules, so that its digest tells nothing of
    /// what is hidden in the event.
    pub fn mask_input(
        &self,
        input: &mut EventInput,
        catalogue: &Catalogue,
        pseudonym: Pseudonym<'_>,
    ) -> Vec<Masked> {
        let event_type = input.event_type.as_deref().unwrap_or_default();
        let mut walk = Walk::new(self, masked_keys(catalogue, event_type), pseudonym);
        walk.input(input);
        walk.found
    }

    /// Masks what detectors know by its shape in a sentence about a field; none when there is nothing.
    /// That the field has a telling name is no secret.
    pub fn mask_sentence(&self, sentence: &str) -> Option<String> {
        let by_shape = |rule: &Rule| !matches!(rule.detector, Detector::Key | Detector::Entropy);
        let spans = self.spans(sentence, &by_shape);
        let hidden = |_: &str, _: &str| String::new();
        (!spans.is_empty()).then(|| self.replace(sentence, &spans, &hidden))
    }

    /// Masks a text of which nothing is known; none when there is nothing to mask.
    pub fn mask_text(&self, text: &str, pseudonym: Pseudonym<'_>) -> Option<String> {
        let mut walk = Walk::new(self, &[], pseudonym);
        let mut masked = text.to_owned();
        walk.free_text(&mut masked);
        (!walk.found.is_empty()).then_some(masked)
    }
}

fn masked_keys<'c>(catalogue: &'c Catalogue, event_type: &str) -> &'c [String] {
    catalogue.find(event_type).map_or(&[], |entry| &entry.masked)
}

#[cfg(test)]
mod tests;

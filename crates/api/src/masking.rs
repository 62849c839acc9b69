//! Masking as requests need it: the rules, the catalogue and the tenant's key in one.

use std::sync::Arc;

use annals_domain::Event;
use annals_domain::catalogue::Catalogue;
use annals_domain::filter::Filter;
use annals_domain::identifiers::TenantId;
use annals_domain::input::EventInput;
use annals_domain::masking::{Masker, note};
use annals_domain::problem::FieldError;
use annals_record::{MaskingKey, content_digest};
use bytes::Bytes;

use crate::caller::Caller;
use crate::context::ApiParts;
use crate::error::ApiError;

/// Masks what one tenant sends.
#[derive(Clone)]
pub(crate) struct Masking {
    masker: Arc<Masker>,
    catalogue: Arc<Catalogue>,
    key: Option<MaskingKey>,
}

/// The tenant's key for masking; none when no rule makes pseudonyms.
pub(crate) async fn key_of(
    api: &ApiParts,
    tenant: &TenantId,
) -> Result<Option<MaskingKey>, ApiError> {
    match api.masker.needs_key() {
        true => Ok(Some(api.recorder.masking_key(tenant).await?)),
        false => Ok(None),
    }
}

impl Masking {
    pub(crate) fn of(api: &ApiParts, caller: &Caller) -> Self {
        Self {
            masker: Arc::clone(&api.masker),
            catalogue: Arc::clone(&api.catalogue),
            key: caller.masking_key.clone(),
        }
    }

    fn pseudonym(&self, rule: &str, value: &str) -> String {
        // A caller has a key whenever a rule makes pseudonyms.
        self.key.as_ref().map(|key| key.pseudonym(rule, value)).unwrap_or_default()
    }

    /// Masks an event that was admitted, tells so in its labels, and answers the digest of what was
    /// sent: of its masked form, so that no secret can be guessed by trying digests.
    pub(crate) fn event(&self, event: &mut Event, sent: &[u8]) -> [u8; 32] {
        let pseudonym = |rule: &str, value: &str| self.pseudonym(rule, value);
        let masked = self.masker.mask(event, &self.catalogue, &pseudonym);
        if masked.is_empty() {
            return content_digest(sent);
        }
        for one in &masked {
            metrics::counter!("annals_masked_total", "rule" => one.rule.clone()).increment(1);
        }
        note(event, &masked);
        content_digest(&self.content(sent))
    }

    /// What is wrong with identifiers that are stored readably and that no rule may touch.
    pub(crate) fn secrets_in_identifiers(&self, event: &Event) -> Vec<FieldError> {
        self.masker.secrets_in_identifiers(event)
    }

    /// What was sent, masked: as an event if it is one, else as JSON or as a text. The same bytes when
    /// there is nothing to mask.
    pub(crate) fn content(&self, sent: &[u8]) -> Bytes {
        let pseudonym = |rule: &str, value: &str| self.pseudonym(rule, value);
        if let Ok(mut input) = EventInput::from_json(sent) {
            let masked = self.masker.mask_input(&mut input, &self.catalogue, &pseudonym);
            return match masked.is_empty() {
                true => Bytes::copy_from_slice(sent),
                false => input.canonical_json().into(),
            };
        }
        let masked = self.masker.mask_sent(sent, &self.catalogue, &pseudonym);
        masked.map_or_else(|| Bytes::copy_from_slice(sent), Bytes::from)
    }

    /// The error without the secrets that it may quote: names of keys are part of paths.
    pub(crate) fn error(&self, mut error: ApiError) -> ApiError {
        self.sentence(&mut error.message);
        for field in &mut error.errors {
            self.sentence(&mut field.path);
            self.sentence(&mut field.message);
        }
        error
    }

    fn sentence(&self, text: &mut String) {
        if let Some(masked) = self.masker.mask_sentence(text) {
            *text = masked;
        }
    }

    /// The filter, which also finds what stands in the log as a pseudonym.
    pub(crate) fn search(&self, filter: Filter) -> Filter {
        let pseudonym = |rule: &str, value: &str| self.pseudonym(rule, value);
        match self.key {
            Some(_) => self.masker.search(filter, &self.catalogue, &pseudonym),
            None => filter,
        }
    }
}

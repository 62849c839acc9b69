//! Signatures after Standard Webhooks, by which a receiver knows who sent a message, and when.

use aws_lc_rs::hmac;
use data_encoding::BASE64;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Fewer bytes can be guessed.
const BYTES_MIN: usize = 24;
/// More are not in the specification.
const BYTES_MAX: usize = 64;

/// A secret that Annals shares with one receiver. Its `Debug` does not show it.
#[derive(Debug, Clone)]
pub(crate) struct Secret(hmac::Key);

/// The text is no secret of a webhook. It does not stand in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// It is written in another way.
    #[error(
        "a webhook's secret is written `{PREFIX}` and then base64; make one with \
         `echo \"{PREFIX}$(openssl rand -base64 32)\"`"
    )]
    Form,
    /// It has too few or too many bytes.
    #[error("a webhook's secret has {BYTES_MIN} to {BYTES_MAX} bytes, this one has {0}")]
    Length(usize),
}

impl Secret {
    /// Reads a secret as receivers know it: `whsec_` and base64. Space around it is passed over.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidSecret::Form)?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| InvalidSecret::Form)?;
        if !(BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) {
            return Err(InvalidSecret::Length(bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of the header `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign().as_ref()))
    }
}

#[cfg(test)]
mod tests;

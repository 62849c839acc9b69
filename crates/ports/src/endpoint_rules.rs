//! What is said of an endpoint before anything is sent there.

use annals_domain::notification::SignatureKind;

/// Says of URLs whether endpoints of tenants may be there, and how their secrets are shown.
pub trait EndpointRules: Send + Sync + 'static {
    /// Scheme, host and port of a URL that may be sent to, as far as the URL alone tells. Where its name
    /// leads is looked at whenever a message is sent.
    ///
    /// # Errors
    /// What is wrong with it, to be told to whoever named it: a predicate such as `holds a password`.
    fn origin(&self, url: &str) -> Result<String, String>;

    /// What receivers verify messages with: of HMAC the secret itself, of ed25519 the public key.
    fn verified_with(&self, signature: SignatureKind, secret: &[u8; 32]) -> String;
}

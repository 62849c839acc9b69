//! How a message reads, for whoever writes rules and templates.

use annals_domain::notification::Outgoing;

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worded {
    /// One line.
    pub subject: String,
    /// For all readers.
    pub text: String,
    /// The language of the template that was found.
    pub locale: String,
}

/// A template fails over a message.
#[derive(Debug, thiserror::Error)]
#[error("the template `{template}` fails: {problem}")]
pub struct WordingError {
    /// Which.
    pub template: String,
    /// Why, with the line.
    pub problem: String,
}

/// Words messages without sending them.
pub trait Wording: Send + Sync + 'static {
    /// Words a message with its template, or with the default one where there is none; links lead to an
    /// example. Without a message, a sample.
    ///
    /// # Errors
    /// When the template fails.
    fn word(
        &self,
        template: &str,
        locale: &str,
        message: Option<&Outgoing>,
    ) -> Result<Worded, WordingError>;
}

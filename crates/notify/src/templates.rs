//! How messages are worded: `MiniJinja` templates, a set for each language. Those that ship with Annals are
//! built in, and an operator's directory goes before them, file by file.
//!
//! What an event holds comes into a template as a value and is never read as one; HTML escapes it.

mod engine;
mod locale;
mod sample;
mod shipped;
mod sources;

use std::path::PathBuf;

use annals_domain::notification::Outgoing;
use annals_ports::{Worded, Wording, WordingError};
use serde::Deserialize;
use tracing::warn;

use crate::MessageLinks;
use crate::plain::shortened;
use engine::Engine;
use sources::Sources;

/// The template that words what has none of its own.
const DEFAULT: &str = "default";
/// How long a subject may be, characters.
const SUBJECT_CHARS_MAX: usize = 200;

/// `[templates]`: how messages are worded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSettings {
    /// Directory with the operator's own; empty: none.
    pub dir: PathBuf,
    /// As what Annals calls itself in messages.
    pub product: String,
    /// Language where a person's own has no template.
    pub default_locale: String,
}

/// A template cannot be used, or there is none.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is none of this name.
    #[error("there is no template `{0}`")]
    Unknown(String),
    /// It is not written well.
    #[error("the template `{name}` cannot be used")]
    Wrong {
        /// Which, with its language and part.
        name: String,
        /// Why, with the line.
        #[source]
        source: minijinja::Error,
    },
    /// A part of it is missing.
    #[error("the template `{0}` is missing: each has the parts .subject, .txt and .html")]
    Missing(String),
    /// The directory cannot be read.
    #[error("cannot read the templates at `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What lies in the directory is no template.
    #[error("`{}` is no template: {reason}", path.display())]
    NoTemplate {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The setting is no language.
    #[error("`templates.default_locale` is `{0}`, of which no template ships; en and de do")]
    Locale(String),
}

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// For all readers.
    pub text: String,
    /// For those that show it.
    pub html: String,
    /// The language of the template that was found.
    pub locale: String,
}

/// All templates, ready to word messages.
#[derive(Debug)]
pub struct Templates {
    all: Engine,
    /// For when one of the operator's fails over a message.
    shipped: Engine,
}

impl Templates {
    /// Reads the templates, and tries each on a sample.
    ///
    /// # Errors
    /// When one cannot be used: it is better known at the start than when a message waits.
    pub fn open(settings: &TemplateSettings) -> Result<Self, TemplateError> {
        let shipped = Engine::new(Sources::shipped(), settings)?;
        let all = match settings.dir.as_os_str().is_empty() {
            true => Engine::new(Sources::shipped(), settings)?,
            false => Engine::new(Sources::shipped().with_directory(&settings.dir)?, settings)?,
        };
        if !shipped.has_locale(&settings.default_locale)
            && !all.has_locale(&settings.default_locale)
        {
            return Err(TemplateError::Locale(settings.default_locale.clone()));
        }
        all.try_each()?;
        Ok(Self { all, shipped })
    }

    /// The names of all templates, sorted.
    pub fn names(&self) -> Vec<String> {
        self.all.names()
    }

    /// Words a message with its template, or with the default one where there is none; in the language
    /// of the person, or the nearest that there is.
    ///
    /// # Errors
    /// When not even the shipped default can word it.
    pub fn render(
        &self,
        message: &Outgoing,
        links: &MessageLinks,
    ) -> Result<Rendered, TemplateError> {
        let name = match self.all.has(&message.template) {
            true => &message.template,
            false => DEFAULT,
        };
        match self.all.render(name, message, links) {
            Ok(rendered) => Ok(cleaned(rendered)),
            Err(error) => {
                // The reason may hold what the event holds; `preview` tells it to whoever writes templates.
                let kind = match &error {
                    TemplateError::Wrong { source, .. } => source.kind().to_string(),
                    other => other.to_string(),
                };
                warn!(template = %name, "a template fails over a message, which the default words: {kind}");
                self.shipped.render(DEFAULT, message, links).map(cleaned)
            }
        }
    }

    /// Words a message with this very template, for whoever writes one; without a message a sample.
    ///
    /// # Errors
    /// When there is no such template, or it fails.
    pub fn preview(
        &self,
        template: &str,
        locale: &str,
        message: Option<&Outgoing>,
    ) -> Result<Rendered, TemplateError> {
        if !self.all.has(template) {
            return Err(TemplateError::Unknown(shortened(template, 100)));
        }
        let mut message = message.cloned().unwrap_or_else(sample::message);
        locale.clone_into(&mut message.locale);
        self.all.render(template, &message, &sample::links()).map(cleaned)
    }
}

impl Wording for Templates {
    fn word(
        &self,
        template: &str,
        locale: &str,
        message: Option<&Outgoing>,
    ) -> Result<Worded, WordingError> {
        let template = if self.all.has(template) { template } else { DEFAULT };
        let worded = self.preview(template, locale, message);
        let Rendered { subject, text, locale, .. } = worded.map_err(|error| {
            let problem = match &error {
                TemplateError::Wrong { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            WordingError { template: template.to_owned(), problem }
        })?;
        Ok(Worded { subject, text, locale })
    }
}

/// A subject is one line, whatever a template makes of it.
fn cleaned(rendered: Rendered) -> Rendered {
    Rendered { subject: shortened(&rendered.subject, SUBJECT_CHARS_MAX), ..rendered }
}

#[cfg(test)]
mod tests;

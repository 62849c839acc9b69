//! One set of templates within `MiniJinja`.

use std::borrow::Cow;
use std::sync::Arc;

use annals_domain::notification::Outgoing;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::locale::{chain, normal};
use super::sources::{PARTS, Sources};
use super::{Rendered, TemplateError, TemplateSettings, sample};
use crate::MessageLinks;
use crate::plain::visible;

/// How many instructions one part may run.
const FUEL: u64 = 100_000;
/// How long a sentence may be, characters.
const BODY_CHARS_MAX: usize = 8000;
/// How many events a digest lists.
const MORE_MAX: usize = 200;

#[derive(Debug)]
pub(super) struct Engine {
    environment: Environment<'static>,
    sources: Arc<Sources>,
    product: String,
    default_locale: String,
}

impl Engine {
    /// Takes the texts; each is read when it is used first.
    pub(super) fn new(
        sources: Sources,
        settings: &TemplateSettings,
    ) -> Result<Self, TemplateError> {
        for (locale, name) in sources.templates() {
            for part in PARTS {
                let whole = format!("{locale}/{name}.{part}");
                if sources.get(&whole).is_none() {
                    return Err(TemplateError::Missing(whole));
                }
            }
        }
        let sources = Arc::new(sources);
        let (found, default) = (Arc::clone(&sources), settings.default_locale.clone());
        let mut environment = Environment::new();
        environment.set_loader(move |name| {
            let (locale, name) = name.split_once('/').unwrap_or(("", name));
            Ok(found.nearest(locale, name, &default).map(str::to_owned))
        });
        // What a template extends is looked for in its language.
        environment.set_path_join_callback(|name, parent| match parent.split_once('/') {
            Some((locale, _)) if !name.contains('/') => format!("{locale}/{name}").into(),
            _ => Cow::Borrowed(name),
        });
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        let (product, default_locale) = (settings.product.clone(), settings.default_locale.clone());
        Ok(Self { environment, sources, product, default_locale })
    }

    /// Whether there is such a template in any language.
    pub(super) fn has(&self, name: &str) -> bool {
        self.sources.templates().iter().any(|(_, other)| other == name)
    }

    /// Whether there is any template in this language.
    pub(super) fn has_locale(&self, locale: &str) -> bool {
        let locale = normal(locale).unwrap_or_default();
        self.sources.templates().iter().any(|(other, _)| *other == locale)
    }

    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.sources.templates().into_iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Words a sample with each template in each language, with links and without.
    pub(super) fn try_each(&self) -> Result<(), TemplateError> {
        for (locale, name) in self.sources.templates() {
            let message = Outgoing { locale, ..sample::message() };
            self.render(&name, &message, &sample::links())?;
            self.render(&name, &message, &MessageLinks::default())?;
        }
        Ok(())
    }

    /// Words a message with this template in the nearest language.
    pub(super) fn render(
        &self,
        name: &str,
        message: &Outgoing,
        links: &MessageLinks,
    ) -> Result<Rendered, TemplateError> {
        let locales = chain(&message.locale, &self.default_locale);
        let has = |locale: &&String| self.sources.get(&format!("{locale}/{name}.txt")).is_some();
        // A template may be in a language alone that nobody here speaks.
        let any = || self.sources.templates().into_iter().find(|(_, other)| other == name);
        let locale = match locales.iter().find(has) {
            Some(locale) => locale.clone(),
            None => any().ok_or_else(|| TemplateError::Unknown(name.to_owned()))?.0,
        };
        let values = self.values(message, links, &locale);
        let part = |part: &str| {
            let name = format!("{locale}/{name}.{part}");
            let template = self.environment.get_template(&name);
            let rendered = template.and_then(|template| template.render(values.clone()));
            rendered.map_err(|source| TemplateError::Wrong { name, source })
        };
        let [subject, text, html] = PARTS;
        Ok(Rendered { subject: part(subject)?, text: part(text)?, html: part(html)?, locale })
    }

    /// What templates may speak of; docs/notifications.md lists it.
    fn values(&self, message: &Outgoing, links: &MessageLinks, locale: &str) -> Value {
        let line = |text: &str| crate::plain::shortened(text, BODY_CHARS_MAX);
        let body: String = visible(&message.body).chars().take(BODY_CHARS_MAX).collect();
        let more = message.more.iter().take(MORE_MAX).map(ToString::to_string);
        context! {
            title => line(&message.title),
            body => body,
            severity => line(&message.severity),
            rule => line(&message.rule),
            tenant => message.tenant.as_str(),
            recipient => line(message.recipient.as_deref().unwrap_or_default()),
            event_id => message.event.to_string(),
            event_type => line(&message.event_type),
            occurred_at => message.occurred_at.to_string(),
            recorded_at => message.recorded_at.to_string(),
            delivery_id => message.id.to_string(),
            count => message.more.len() + 1,
            more => more.collect::<Value>(),
            product => self.product.as_str(),
            locale => locale,
            links => context! {
                wasnt_me => links.wasnt_me.as_deref(),
                unsubscribe => links.unsubscribe.as_deref(),
                verify => links.verify.as_deref(),
            },
            code => links.code.as_deref(),
        }
    }
}

//! The small pages that links lead to: self-contained, without scripts, and without anything personal but
//! the title and time of an event.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Purpose;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;\
                     color:#1b1b1b;background:#fff}button{font:inherit;padding:.6rem 1.2rem}\
                     .about{font-weight:600}";

/// This one style and nothing else; the form goes back to where the page came from.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()).as_ref());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 is a header value")
});

/// What is said for one purpose.
pub(super) struct OfPurpose {
    pub(super) title: &'static str,
    pub(super) ask: &'static str,
    pub(super) button: &'static str,
    pub(super) done: &'static str,
    pub(super) done_before: &'static str,
    pub(super) refused: &'static str,
}

/// What pages say, in one language.
pub(super) struct Words {
    language: &'static str,
    nothing: (&'static str, &'static str),
    wasnt_me: OfPurpose,
    unsubscribe: OfPurpose,
    verify: OfPurpose,
}

const ENGLISH: Words = Words {
    language: "en",
    nothing: (
        "This link leads nowhere",
        "It has ended, or it is not whole. Copy all of it from the message, or sign in.",
    ),
    wasnt_me: OfPurpose {
        title: "Was this not you?",
        ask: "Something happened on your account. If it was not you, tell us now: those who look after \
              security here hear of it at once.",
        button: "This wasn't me",
        done: "Thank you. Those who look after security have been told. Change your password if you can.",
        done_before: "You have told us already. Those who look after security know of it.",
        refused: "",
    },
    unsubscribe: OfPurpose {
        title: "No more mail of this kind?",
        ask: "You get mail of this kind. You will still find such messages in your inbox.",
        button: "Send no more mail of this kind",
        done: "You get no more mail of this kind.",
        done_before: "You get no mail of this kind already.",
        refused: "Mail of this kind cannot be switched off: it tells you of what touches the safety of your \
                  account.",
    },
    verify: OfPurpose {
        title: "Is this address yours?",
        ask: "Somebody wants to be told at the address that this link came to. If that was you, confirm it. If \
              not, do nothing.",
        button: "The address is mine",
        done: "The address is confirmed. Messages come there from now on.",
        done_before: "The address was confirmed already.",
        refused: "",
    },
};

const GERMAN: Words = Words {
    language: "de",
    nothing: (
        "Dieser Link führt nirgendwohin",
        "Er ist abgelaufen oder nicht vollständig. Kopieren Sie ihn ganz aus der Nachricht, oder melden Sie \
         sich an.",
    ),
    wasnt_me: OfPurpose {
        title: "Waren Sie das nicht?",
        ask: "In Ihrem Konto ist etwas geschehen. Wenn Sie das nicht waren, sagen Sie es uns jetzt: Wer hier für \
              Sicherheit sorgt, erfährt es sofort.",
        button: "Das war ich nicht",
        done: "Danke. Wer für Sicherheit sorgt, weiß jetzt davon. Ändern Sie Ihr Passwort, wenn Sie können.",
        done_before: "Sie haben es uns schon gesagt. Wer für Sicherheit sorgt, weiß davon.",
        refused: "",
    },
    unsubscribe: OfPurpose {
        title: "Keine E-Mail dieser Art mehr?",
        ask: "Sie bekommen E-Mail dieser Art. In Ihrem Posteingang finden Sie solche Nachrichten weiterhin.",
        button: "Keine E-Mail dieser Art mehr schicken",
        done: "Sie bekommen keine E-Mail dieser Art mehr.",
        done_before: "Sie bekommen schon keine E-Mail dieser Art.",
        refused: "E-Mail dieser Art lässt sich nicht abschalten: Sie sagt Ihnen, was die Sicherheit Ihres Kontos \
                  berührt.",
    },
    verify: OfPurpose {
        title: "Gehört diese Adresse Ihnen?",
        ask: "Jemand möchte unter der Adresse benachrichtigt werden, an die dieser Link kam. Wenn Sie das waren, \
              bestätigen Sie es. Wenn nicht, tun Sie nichts.",
        button: "Die Adresse gehört mir",
        done: "Die Adresse ist bestätigt. Nachrichten kommen ab jetzt dorthin.",
        done_before: "Die Adresse war schon bestätigt.",
        refused: "",
    },
};

impl Words {
    /// In the language that the reader names first, if it is one of ours.
    pub(super) fn of(headers: &HeaderMap) -> &'static Self {
        let named = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let first = named.unwrap_or_default().split([',', ';', '-']).next().unwrap_or_default();
        match first.trim().eq_ignore_ascii_case("de") {
            true => &GERMAN,
            false => &ENGLISH,
        }
    }

    pub(super) fn of_purpose(&self, purpose: Purpose) -> &OfPurpose {
        match purpose {
            Purpose::WasntMe => &self.wasnt_me,
            Purpose::Unsubscribe => &self.unsubscribe,
            Purpose::VerifyAddress => &self.verify,
        }
    }
}

/// One page.
pub(super) struct Page<'a> {
    pub(super) words: &'static Words,
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    /// What it is about; empty: nothing is named.
    pub(super) about: &'a str,
    pub(super) button: Option<&'a str>,
    pub(super) status: StatusCode,
}

impl Page<'static> {
    /// The same for links that were never ours, are broken, have ended, or are about what is gone.
    pub(super) fn nothing(words: &'static Words) -> Self {
        let (title, text) = words.nothing;
        Page { words, title, text, about: "", button: None, status: StatusCode::NOT_FOUND }
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let Self { words, title, text, about, button, status } = self;
        let about = match about {
            "" => String::new(),
            about => format!("<p class=\"about\">{}</p>\n", escaped(about)),
        };
        // Without an action a form goes to the address of the page, token and all.
        let form = button.map(|button| {
            format!("<form method=\"post\"><button>{}</button></form>\n", escaped(button))
        });
        let page = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n\
             {about}<p>{text}</p>\n{}</html>\n",
            words.language,
            form.unwrap_or_default(),
            title = escaped(title),
            text = escaped(text),
        );
        let mut response = (status, page).into_response();
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, html);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
        // The address of the page holds the token.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
        response
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_speak_the_language_that_is_named_first() {
        let language = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(value));
            Words::of(&headers).language
        };
        for (value, expected) in
            [("de-AT,en;q=0.5", "de"), ("DE", "de"), ("fr,de", "en"), ("", "en")]
        {
            assert_eq!(language(value), expected, "{value}");
        }
        assert_eq!(Words::of(&HeaderMap::new()).language, "en");
    }

    #[test]
    fn what_a_page_is_about_is_never_read_as_html() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }
}

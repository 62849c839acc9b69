//! Words in every language, and events that mean ill.

use std::fs;
use std::path::Path;

use annals_domain::EventId;
use annals_domain::notification::Route;
use uuid::Uuid;

use super::*;
use crate::testing::message;

fn settings(dir: &Path) -> TemplateSettings {
    TemplateSettings { dir: dir.to_owned(), product: "Annals".into(), default_locale: "en".into() }
}

fn shipped() -> Templates {
    Templates::open(&settings(Path::new(""))).unwrap()
}

fn mail() -> Outgoing {
    message(Route::Email { address: "ann@example.org".into() })
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn told(result: Result<Templates, TemplateError>) -> String {
    let error = result.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}

#[test]
fn every_shipped_template_words_a_sample_in_every_language() {
    let templates = shipped();
    assert_eq!(templates.names(), ["address-verification", "default", "digest", "security-alert"]);
    for name in templates.names() {
        for locale in ["en", "de"] {
            let words = templates.preview(&name, locale, None).unwrap();
            assert_eq!(words.locale, locale);
            assert!(!words.subject.is_empty() && !words.subject.contains('\n'), "{name}");
            for part in [&words.text, &words.html] {
                assert!(part.contains("00000000-0000-0000-0000-000000000000"), "{name} {part}");
                assert!(part.contains("https:") && !part.contains("{{"), "{name} {part}");
            }
            assert!(words.html.starts_with("<!doctype html>") && words.html.ends_with("</html>"));
            assert!(words.html.contains(&format!("<html lang=\"{locale}\">")));
        }
    }
    let texts = |locale| templates.preview("default", locale, None).unwrap().text;
    assert!(texts("en").contains("When:") && texts("de").contains("Wann:"));
}

#[test]
fn a_message_is_worded_as_it_stands() {
    let words = shipped().render(&mail(), &MessageLinks::default()).unwrap();
    assert_eq!(words.subject, "Password changed");
    assert_eq!(
        words.text,
        "Bob changed the password of Ann\n\nWhen: 2026-11-21T09:30:00+01:00\n\n-- \n\
         Annals sends this because of the rule password-changed.\n\
         Event 00000000-0000-0000-0000-000000000007 (user.password.changed)."
    );
    assert!(!words.html.contains("href"), "where there are no links there are none");
}

#[test]
fn the_nearest_language_words_it() {
    let templates = shipped();
    for (locale, found) in
        [("de-AT", "de"), ("DE", "de"), ("fr", "en"), ("../de", "en"), ("", "en")]
    {
        let message = Outgoing { locale: locale.into(), ..mail() };
        let words = templates.render(&message, &MessageLinks::default()).unwrap();
        assert_eq!(words.locale, found, "{locale}");
    }
    let german = TemplateSettings { default_locale: "de".into(), ..settings(Path::new("")) };
    let message = Outgoing { locale: "fr".into(), ..mail() };
    let words = Templates::open(&german).unwrap().render(&message, &MessageLinks::default());
    assert_eq!(words.unwrap().locale, "de");
    let none = TemplateSettings { default_locale: "xx".into(), ..settings(Path::new("")) };
    assert!(told(Templates::open(&none)).contains("`xx`"));
}

#[test]
fn what_an_event_holds_is_neither_html_nor_a_template_nor_a_header() {
    let evil =
        "<script>alert('x')</script>\r\nBcc: eve@example.org\u{202e} {{ links.verify }}{% raw %}";
    let message = Outgoing {
        title: evil.into(),
        body: evil.into(),
        severity: evil.into(),
        event_type: evil.into(),
        recipient: Some(evil.into()),
        more: vec![EventId(Uuid::nil())],
        ..mail()
    };
    let templates = shipped();
    for name in templates.names() {
        for locale in ["en", "de"] {
            let message =
                Outgoing { template: name.clone(), locale: locale.into(), ..message.clone() };
            let words = templates.render(&message, &sample::links()).unwrap();
            assert!(!words.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", words.subject);
            assert!(!words.html.contains("<script>") && !words.html.contains('\u{202e}'));
            assert!(!words.text.contains(['\r', '\u{202e}']));
            if name != "address-verification" {
                assert!(words.html.contains("&lt;script&gt;") && words.text.contains("{% raw %}"));
                assert!(!words.text.contains("https://example.org/verify"), "{}", words.text);
            }
        }
    }
}

#[test]
fn a_long_message_ends_somewhere() {
    let message = Outgoing {
        title: "t".repeat(100_000),
        body: "<".repeat(1_000_000),
        more: vec![EventId(Uuid::nil()); 10_000],
        template: "digest".into(),
        ..mail()
    };
    let words = shipped().render(&message, &MessageLinks::default()).unwrap();
    assert_eq!(words.subject.chars().count(), 200);
    assert!(words.text.len() < 40_000 && words.html.len() < 120_000);
    assert!(words.text.contains("10001 events"));
}

#[test]
fn an_operators_file_goes_before_the_shipped_one() {
    let dir = directory(&[
        ("en/default.subject", "[ACME] {{ title }}"),
        ("fr/default.subject", "{{ title }} !"),
        ("fr/default.txt", "{% extends \"layout.txt\" %}{% block content %}Bonjour{% endblock %}"),
        (
            "fr/default.html",
            "{% extends \"layout.html\" %}{% block content %}{{ body }}{% endblock %}",
        ),
        ("en/.hidden", "passed over"),
    ]);
    let templates = Templates::open(&settings(dir.path())).unwrap();
    let words = templates.preview("default", "en", Some(&mail())).unwrap();
    assert_eq!(words.subject, "[ACME] Password changed");
    assert!(words.text.contains("When:"), "the other parts are the shipped ones");
    let words = templates.preview("default", "fr-CA", Some(&mail())).unwrap();
    assert!(words.text.starts_with("Bonjour") && words.text.contains("sends this because"));
    // The shipped layout of another language was taken; the language is still the template's.
    assert!(words.html.contains("<html lang=\"fr\">"));
}

#[test]
fn a_template_that_cannot_be_used_stops_the_start_and_is_named() {
    let open = |files: &[(&str, &str)]| {
        let dir = directory(files);
        told(Templates::open(&settings(dir.path())))
    };
    assert!(open(&[("en/default.txt", "{{ titel }}")]).contains("en/default.txt"));
    assert!(open(&[("en/default.txt", "{% if %}")]).contains("en/default.txt"));
    assert!(
        open(&[("en/default.txt", "{% include \"/etc/passwd\" %}")]).contains("en/default.txt")
    );
    let endless =
        "{% for a in range(1000) %}{% for b in range(1000) %}{{ b }}{% endfor %}{% endfor %}";
    assert!(open(&[("en/default.html", endless)]).contains("fuel"));
    assert!(
        open(&[("en/new.txt", "a"), ("en/new.html", "a")]).contains("`en/new.subject` is missing")
    );
    assert!(open(&[("en/default.md", "a")]).contains("files end in"));
    assert!(open(&[("en/De fault.txt", "a")]).contains("files end in"));
    assert!(open(&[("default.txt", "a")]).contains("folders are named by languages"));
    assert!(open(&[("en/default.txt", &"a".repeat(70_000))]).contains("more than 64 KiB"));
    assert!(told(Templates::open(&settings(Path::new("/nowhere/at/all")))).contains("/nowhere"));
}

#[test]
fn a_template_that_fails_over_a_message_is_stood_in_for_by_the_default() {
    let fails = "{% if title == \"Password changed\" %}x{% else %}{{ missing }}{% endif %}";
    let dir = directory(&[("en/default.txt", fails)]);
    let templates = Templates::open(&settings(dir.path())).unwrap();
    let other = Outgoing { title: "Something else".into(), ..mail() };
    let words = templates.render(&other, &MessageLinks::default()).unwrap();
    assert!(words.text.starts_with("Bob changed the password of Ann\n\nWhen:"));
    assert!(templates.preview("default", "en", Some(&other)).is_err(), "its author is told");
    let unknown = Outgoing { template: "unknown".into(), ..mail() };
    assert_eq!(templates.render(&unknown, &MessageLinks::default()).unwrap().text, "x");
    assert!(matches!(templates.preview("unknown", "en", None), Err(TemplateError::Unknown(_))));
}

#[test]
fn a_message_is_worded_for_a_preview_as_it_would_be_for_mail() {
    let templates = shipped();
    let worded = templates.word("security-alert", "de", Some(&mail())).unwrap();
    let sent = Outgoing { template: "security-alert".into(), locale: "de".into(), ..mail() };
    let sent = templates.render(&sent, &sample::links()).unwrap();
    assert_eq!((worded.subject, worded.text), (sent.subject, sent.text));
    let unknown = templates.word("no-such-one", "en", None).unwrap();
    assert_eq!(unknown, templates.word("default", "en", None).unwrap());
}

#[test]
fn who_is_asked_to_verify_an_address_is_told_the_code() {
    for locale in ["en", "de"] {
        let message =
            Outgoing { template: "address-verification".into(), locale: locale.into(), ..mail() };
        let code = MessageLinks { code: Some("K7QX-M2PD".into()), ..MessageLinks::default() };
        let words = shipped().render(&message, &code).unwrap();
        assert!(words.text.contains("K7QX-M2PD") && words.html.contains("K7QX-M2PD"));
        assert!(!words.text.contains(&message.body), "{}", words.text);
    }
}

//! What clients send, and what they get.

use http::{HeaderMap, header};

use super::{Accepted, Form, accepted};

fn of(accept: &str) -> Option<Accepted> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, accept.parse().unwrap());
    accepted(&headers)
}

#[test]
fn the_form_is_the_one_that_is_wanted_most() {
    let json = Some((Form::Json, false));
    let newer = Some((Form::GraphqlJson, false));
    for (accept, expected) in [
        ("", json),
        (",", json),
        ("*/*", json),
        ("application/*", json),
        ("application/json", json),
        ("application/graphql-response+json", newer),
        ("application/json, application/graphql-response+json", newer),
        ("application/graphql-response+json;q=0.5, application/json", json),
        ("application/graphql-response+json, */*;q=0.1", newer),
        ("application/graphql-response+json; charset=utf-8, application/json; q=0.9", newer),
        ("application/json, application/graphql-response+json; q=0", json),
        ("application/json;q=0, */*", newer),
        ("application/json, APPLICATION/GraphQL-Response+JSON", newer),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", json),
        ("application/json;q=nonsense, application/graphql-response+json", newer),
        ("application/json;q=7", json),
        ("text/event-stream", Some((Form::Events, true))),
        ("text/event-stream, multipart/mixed", Some((Form::Events, true))),
        ("text/event-stream, application/json", Some((Form::Json, true))),
        ("text/event-stream;q=0, */*", json),
        (
            "application/graphql-response+json, application/graphql+json, application/json, \
             text/event-stream, multipart/mixed",
            Some((Form::GraphqlJson, true)),
        ),
        ("text/html", None),
        ("text/*", None),
        ("application/json;q=0", None),
        ("x-application/graphql-response+json-not", None),
        ("multipart/mixed", None),
    ] {
        let found = of(accept).map(|accepted| (accepted.form, accepted.events));
        assert_eq!(found, expected, "{accept}");
    }
}

#[test]
fn no_wish_and_several_headers_are_understood() {
    let plain = Accepted { form: Form::Json, events: false };
    assert_eq!(accepted(&HeaderMap::new()), Some(plain));
    let mut headers = HeaderMap::new();
    headers.append(header::ACCEPT, "text/html".parse().unwrap());
    headers.append(header::ACCEPT, "text/event-stream".parse().unwrap());
    assert_eq!(accepted(&headers), Some(Accepted { form: Form::Events, events: true }));
    // What is not text wishes nothing.
    headers = HeaderMap::new();
    headers.insert(header::ACCEPT, http::HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(accepted(&headers), Some(plain));
    assert_eq!(of(&"a/b,".repeat(1000)), None);
}

use serde_json::json;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn content() -> Content {
    Content {
        jti: "t1".into(),
        tenant: TenantId::new("acme").unwrap(),
        issuer: "shop".into(),
        key: None,
        by: None,
        sub: "ann".into(),
        name: Some("Ann".into()),
        types: vec!["page.viewed".into()],
        source: "web".into(),
        session: Some("s1".into()),
        origin: Some("https://shop.example".into()),
        iat: 1000,
        exp: 1300,
    }
}

#[test]
fn a_token_is_read_back_until_it_ends() {
    let relay = Relay::new(&[1; 32]);
    let token = relay.sign(&content());
    assert_eq!(relay.open(&token, at(1299)), Some(content()));
    assert_eq!(relay.open(&token, at(1300)), None);
}

#[test]
fn no_byte_of_a_token_can_be_changed_and_no_other_key_makes_one() {
    let relay = Relay::new(&[1; 32]);
    let token = relay.sign(&content());
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(relay.open(&changed, at(1000)), None, "place {place}");
    }
    assert_eq!(Relay::new(&[2; 32]).open(&token, at(1000)), None);
    for other in ["", "annals-relay.v1.", "annals-relay.v1..", "a.b.c", &"x".repeat(100_000)] {
        assert_eq!(relay.open(other, at(1000)), None);
    }
    // A mac over the same content without the prefix is one of another purpose.
    let text = BASE64URL_NOPAD.encode(&serde_json::to_vec(&content()).unwrap());
    let mac = BASE64URL_NOPAD.encode(hmac::sign(&relay.key, text.as_bytes()).as_ref());
    assert_eq!(relay.open(&format!("{PREFIX}{text}.{mac}"), at(1000)), None);
}

#[test]
fn what_a_browser_says_of_who_and_where_counts_for_nothing() {
    let forged = json!({
        "type": "page.viewed", "tenant": "other", "source": "bank", "user_id": "zoe",
        "actor": { "id": "zoe", "type": "service", "roles": ["admin"] },
        "subject": { "id": "bob" }, "on_behalf_of": [{ "id": "root" }],
        "client": { "ip": "10.0.0.1", "geo": { "country": "NL" } }, "ip_address": "10.0.0.2",
        "user_agent": "curl", "session_id": "s9", "producer": { "id": "p", "seq": 1 },
        "metadata": { "page": "/cart" },
    });
    let input = EventInput::from_json(forged.to_string().as_bytes()).unwrap();
    let seen = Seen { ip: "192.0.2.7".parse().ok(), user_agent: Some("Firefox".into()) };
    let bound = content().bind(input, &seen).unwrap();
    let told = serde_json::to_value(&bound).unwrap();
    assert_eq!(
        told,
        json!({
            "type": "page.viewed", "source": "web",
            "actor": { "type": "user", "id": "ann", "name": "Ann" },
            "subject": { "id": "ann", "name": "Ann" },
            "client": { "ip": "192.0.2.7", "user_agent": "Firefox" },
            "session": { "id": "s1" },
            "metadata": { "page": "/cart" },
        })
    );
}

#[test]
fn only_the_types_of_the_token_are_taken() {
    for wrong in
        [json!({ "type": "user.login.succeeded" }), json!({}), json!({ "type": "PAGE.viewed" })]
    {
        let input = EventInput::from_json(wrong.to_string().as_bytes()).unwrap();
        let error = content().bind(input, &Seen::default()).unwrap_err();
        assert_eq!(error.path, "type", "{wrong}");
    }
    assert!(checked_types(vec!["annals.log.read".into()]).is_err());
    assert!(checked_types(vec![]).is_err() && checked_types(vec!["a".into(); 21]).is_err());
    assert!(checked_types(vec!["a.*".into()]).is_err());
}

#[test]
fn the_origin_must_be_the_one_of_the_token() {
    let headers = |origins: &[&str]| {
        let origins = origins.iter().map(|origin| (header::ORIGIN, origin.parse().unwrap()));
        origins.fold(HeaderMap::new(), |mut headers, (name, origin)| {
            headers.append(name, origin);
            headers
        })
    };
    let right = "https://shop.example";
    assert!(content().require_origin(&headers(&[right])).is_ok());
    for wrong in [
        &[][..],
        &["null"],
        &["http://shop.example"],
        &["https://shop.example.evil"],
        &[right, right],
    ] {
        assert!(content().require_origin(&headers(wrong)).is_err(), "{wrong:?}");
    }
    let open = Content { origin: None, ..content() };
    assert!(open.require_origin(&headers(&[])).is_ok());
    for wrong in ["shop.example", "https://", "https://a/b", "https://a b", "ftp://a"] {
        assert!(checked_origin(wrong.into()).is_err(), "{wrong}");
    }
    assert!(checked_origin("http://localhost:3000".into()).is_ok());
}

#[test]
fn a_token_brings_so_many_events_and_no_more() {
    let relay = Relay::new(&[1; 32]);
    relay.count(&content(), 999, at(1000)).unwrap();
    assert!(relay.count(&content(), 2, at(1000)).is_err());
    relay.count(&content(), 1, at(1000)).unwrap();
    assert!(relay.count(&content(), 1, at(1000)).is_err());
    let other = Content { jti: "t2".into(), ..content() };
    relay.count(&other, 1, at(1000)).unwrap();
}

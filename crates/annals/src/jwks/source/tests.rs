use std::error::Error;

use tokio::io::AsyncReadExt;

use crate::jwks::tests::issuer::{Answer, Issuer};

use super::*;

/// What a failed fetch tells, all of it.
async fn failure(source: &Source) -> String {
    let error = source.fetch().await.unwrap_err();
    let mut told = error.to_string();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Issuer::start(Answer::of(200, r#"{"keys":[]}"#)).await;
    let targets =
        ["http://169.254.169.254/latest/meta-data/".to_owned(), elsewhere.url("/jwks.json")];
    for location in targets {
        for status in [301, 302, 303, 307, 308] {
            let location = Some(location.clone());
            let issuer = Issuer::start(Answer { location, ..Answer::of(status, "") }).await;
            let source = Source::new(&issuer.url("/"), true).unwrap();
            let error = source.fetch().await.unwrap_err();
            assert!(matches!(error, FetchError::Status(told) if told.as_u16() == status));
            assert_eq!(issuer.requests(), 1);
        }
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_read_only_to_the_limit() {
    let issuer = Issuer::start(Answer::of(200, "")).await;
    let source = Source::new(&issuer.url("/"), false).unwrap();
    let kilobyte = " ".repeat(1024);
    let chunks = |count| Answer { repeat: Some(count), ..Answer::of(200, &kilobyte) };
    issuer.answer(chunks(256));
    assert_eq!(source.fetch().await.unwrap().len(), KEY_SET_BYTES_MAX);
    for count in [257, 1 << 30] {
        issuer.answer(chunks(count));
        assert!(matches!(source.fetch().await, Err(FetchError::TooLarge)));
    }
    issuer.answer(Answer::of(200, &" ".repeat(KEY_SET_BYTES_MAX + 1)));
    assert!(matches!(source.fetch().await, Err(FetchError::TooLarge)));
}

/// Resolves by the name itself: `127-0-0-1.example` and the like.
fn by_name(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move {
        let labels = name.trim_end_matches(".example").split('_');
        let address = |label: &str| label.replace('-', ".").parse::<IpAddr>();
        Ok(labels.filter_map(|l| address(l).ok()).map(|ip| SocketAddr::new(ip, 0)).collect())
    })
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused() {
    let issuer = Issuer::start(Answer::of(200, r#"{"keys":[]}"#)).await;
    let port = issuer.address.port();
    for (name, allow_private, part) in [
        ("127-0-0-1", false, "127.0.0.1 is a private address"),
        ("10-0-0-1", false, "10.0.0.1 is a private address"),
        ("192-168-1-1", false, "a private address"),
        ("100-64-0-1", false, "a private address"),
        // one bad address among good ones
        ("1-1-1-1_127-0-0-1", false, "a private address"),
        ("169-254-169-254", false, "no issuer can be"),
        ("169-254-169-254", true, "no issuer can be"),
        ("100-100-100-200", true, "no issuer can be"),
        ("0-0-0-0", true, "no issuer can be"),
        ("127-0-0-1_169-254-169-254", true, "no issuer can be"),
        ("nowhere", true, "no address"),
    ] {
        let url = format!("https://{name}.example:{port}/jwks.json");
        let source = Source::with_lookup(&url, allow_private, by_name);
        let told = failure(&source.unwrap()).await;
        assert!(told.contains(part), "{name}: {told}");
    }
    // The same with the system's own resolver.
    let source = Source::new(&format!("https://localhost:{port}/"), false).unwrap();
    assert!(failure(&source).await.contains("private address"));
    assert_eq!(issuer.requests(), 0);
}

#[tokio::test]
async fn where_private_addresses_are_allowed_the_connection_goes_to_the_checked_one() {
    // Whoever is connected to has received a TLS greeting, whatever name was asked for.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://127-0-0-1.example:{port}/jwks.json");
    let source = Source::with_lookup(&url, true, by_name).unwrap();
    let greeted = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let (fetched, first) = tokio::join!(source.fetch(), greeted);
    assert!(fetched.is_err());
    assert_eq!(first, 0x16);
}

#[test]
fn a_url_that_must_not_be_asked_stops_the_start() {
    let refused = |url, allow_private| Source::new(url, allow_private).err().unwrap();
    for url in ["", "nonsense", "/jwks.json", "data:,x"] {
        assert!(matches!(refused(url, false), SourceError::NotAUrl), "{url}");
    }
    for url in [
        "http://idp.example/jwks.json",
        "http://localhost/jwks.json",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
    ] {
        assert!(matches!(refused(url, true), SourceError::NotHttps), "{url}");
    }
    for url in ["https://user:secret@idp.example/", "https://user@idp.example/"] {
        let error = refused(url, false);
        assert!(matches!(error, SourceError::Credentials), "{url}");
        assert!(!error.to_string().contains("secret"));
    }
    // However an address is written.
    for url in
        ["https://10.0.0.1/", "https://0xa.0.0.1/", "https://167772161/", "https://[fc00::1]/"]
    {
        let error = refused(url, false);
        assert!(matches!(error, SourceError::Address(Forbidden::Private(_))), "{url}: {error:?}");
        assert!(Source::new(url, true).is_ok(), "{url}");
    }
    for url in ["https://169.254.169.254/", "https://[fe80::1]/", "https://0/"] {
        let error = refused(url, true);
        assert!(matches!(error, SourceError::Address(Forbidden::Never(_))), "{url}: {error:?}");
    }
    for url in [
        "https://idp.example/jwks",
        "http://127.0.0.1:8080/",
        "http://[::1]/",
        "https://127.0.0.1/",
    ] {
        assert!(Source::new(url, false).is_ok(), "{url}");
    }
}

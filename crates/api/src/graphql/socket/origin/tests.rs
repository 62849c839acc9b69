//! Pages of all kinds.

use http::{HeaderMap, header};

use super::may_open;
use crate::layers::AllowedOrigins;

#[test]
fn where_origins_are_listed_pages_of_others_open_no_socket() {
    let read = |origins: &[&str]| {
        AllowedOrigins::read(&origins.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
    };
    let listed = read(&["https://app.example.org"]).unwrap();
    let (none, any) = (read(&[]).unwrap(), read(&["*"]).unwrap());
    for (origin, expected) in [
        (None, true),
        (Some("https://app.example.org"), true),
        (Some("https://audit.example.org:8443"), true),
        (Some("https://evil.example"), false),
        (Some("http://app.example.org"), false),
        (Some("https://app.example.org.evil.example"), false),
        (Some("audit.example.org:8443"), false),
        (Some("null"), false),
        (Some(""), false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "audit.example.org:8443".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(may_open(&listed, &headers), expected, "{origin:?}");
        assert!(may_open(&none, &headers) && may_open(&any, &headers), "{origin:?}");
        headers.remove(header::HOST);
        assert_eq!(
            may_open(&listed, &headers),
            expected && origin != Some("https://audit.example.org:8443"),
            "{origin:?}"
        );
    }
}

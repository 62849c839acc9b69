use super::*;

fn read(origins: &[&str]) -> Result<AllowedOrigins, WrongOrigin> {
    let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
    AllowedOrigins::read(&origins)
}

#[test]
fn an_origin_is_written_as_browsers_send_it() {
    for good in [
        "https://app.example.org",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "https://[::1]:8443",
        "http://a",
    ] {
        assert!(read(&[good]).is_ok(), "{good}");
    }
    for bad in [
        "",
        "null",
        "app.example.org",
        "https://app.example.org/",
        "https://app.example.org/path",
        "https://app.example.org?a",
        "https://App.example.org",
        "HTTPS://app.example.org",
        "https://app.example.org:443",
        "http://app.example.org:80",
        "https://*.example.org",
        "https://ann@app.example.org",
        "ftp://app.example.org",
        "https://",
        "https://a,https://b",
        "https://app.example.org\n",
    ] {
        assert_eq!(read(&[bad]).unwrap_err(), WrongOrigin(bad.into()), "{bad}");
    }
    // Every origin beside one origin is a mistake.
    assert!(read(&["*", "https://a"]).is_err());
}

#[test]
fn only_the_very_same_origin_is_allowed() {
    let origins = read(&["https://app.example.org", "http://localhost:3000"]).unwrap();
    let allowed = |origin: &str| origins.allow(&HeaderValue::from_str(origin).unwrap());
    assert_eq!(allowed("https://app.example.org").unwrap(), "https://app.example.org");
    for other in [
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "https://example.org",
        "http://localhost",
        "null",
        "*",
        "",
    ] {
        assert_eq!(allowed(other), None, "{other}");
    }
    assert_eq!(read(&[]).unwrap().allow(&HeaderValue::from_static("https://a")), None);
    assert_eq!(read(&["*"]).unwrap().allow(&HeaderValue::from_static("https://a")).unwrap(), "*");
}

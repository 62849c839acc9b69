use super::*;

fn reason(text: &str) -> String {
    Address::parse(text).unwrap_err().to_string()
}

#[test]
fn the_usual_strings_are_read() {
    for text in [
        "esdb://localhost",
        "esdb://localhost:2113?tls=false",
        "esdb://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3?tls=false&keepAliveInterval=10000",
        "esdb+discover://cluster.example.org:2113",
        "kurrentdb://db.example.org/?nodePreference=leader",
        "esdb://[::1]:2113?tls=false",
    ] {
        assert!(Address::parse(text).is_ok(), "{text}: {:?}", Address::parse(text));
    }
    let several = Address::parse("esdb://a:1,b:2,c?tls=false").unwrap();
    assert_eq!(several.settings().hosts().len(), 3);
}

#[test]
fn the_password_is_decoded_and_never_shown() {
    let address = Address::parse("esdb://ann:p%40ss%3Aword@db:2113?tls=false").unwrap();
    let expected = Credentials::new("ann", "p@ss:word");
    assert_eq!(format!("{:?}", address.credentials()), format!("{:?}", Some(expected)));
    for shown in [address.to_string(), format!("{address:?}")] {
        assert!(!shown.contains("p@ss") && !shown.contains("p%40ss"), "{shown}");
        assert!(shown.contains("db:2113"), "{shown}");
    }
    let wrong = reason("esdb://ann:secret@db:0");
    assert!(!wrong.contains("secret"), "{wrong}");
    assert!(!reason("nonsense://ann:secret@db").contains("secret"));
    assert!(!reason("esdb://ann:sec%zzret@db").contains("ret@"));
}

#[test]
fn what_is_wrong_is_named() {
    for (text, hint) in [
        ("localhost:2113", "esdb://"),
        ("http://localhost:2113", "esdb://"),
        ("esdb+srv://localhost", "esdb://"),
        ("esdb://", "no name of a host"),
        ("esdb://a b", "no name of a host"),
        ("esdb://a\n.b", "no name of a host"),
        ("esdb://a,,b", "no name of a host"),
        ("esdb://db:99999", "65535"),
        ("esdb://db:port", "65535"),
        ("esdb://db?tsl=false", "`tsl`"),
        ("esdb://db?tls=no", "`true` or `false`"),
        ("esdb://db?nodePreference=follower", "leader"),
        ("esdb://db?tlsCaFile=/nowhere/ca.pem", "cannot read"),
        ("esdb://ann@db", "without a password"),
    ] {
        assert!(reason(text).contains(hint), "{text}: {}", reason(text));
    }
}

#[test]
fn a_certificate_file_without_a_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    assert!(reason(&format!("esdb://db?tlsCaFile={}", file.display())).contains("no PEM"));
}

#[test]
fn a_password_that_is_not_encoded_is_not_shown_either() {
    for text in
        ["esdb://ann:sec?ret@db", "esdb://ann:x@y?secret@db", "esdb://ann:s?c=ret@db?tls=false"]
    {
        let wrong = reason(text);
        assert!(wrong.contains("%3F"), "{wrong}");
        for part in ["sec", "ret", "ann", "x@"] {
            assert!(!wrong.replace("encoded secret", "").contains(part), "{text}: {wrong}");
        }
    }
}

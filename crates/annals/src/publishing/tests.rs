use annals_tlog::SigningKey;

use super::*;

const SHIPPED: &str = include_str!("../../../../config/annals.toml");

fn key(number: usize) -> String {
    let name = format!("witness.test/{number}");
    let key = SigningKey::from_seed(&name, Algorithm::Cosignature, &[number as u8 + 1; 32]);
    key.unwrap().verifying_key().to_string()
}

fn witnesses(count: usize) -> String {
    let entry = |number| {
        format!(
            "[[integrity.witnesses]]\nurl = \"http://127.0.0.1:1\"\nvkey = \"{}\"\n",
            key(number)
        )
    };
    (0..count).map(entry).collect()
}

fn sinks(count: usize) -> String {
    let entry = |n| format!("[[integrity.sinks]]\nkind = \"file\"\nname = \"s{n}\"\ndir = \"x\"\n");
    (0..count).map(entry).collect()
}

/// What comes of settings that go before the built-in ones.
fn opened(text: &str) -> Result<Publishing, String> {
    #[derive(Deserialize)]
    struct File {
        integrity: IntegritySettings,
    }
    let source = |text: &str| config::File::from_str(text, config::FileFormat::Toml);
    let built = config::Config::builder().add_source(source(SHIPPED)).add_source(source(text));
    let File { integrity } = built.build().unwrap().try_deserialize().map_err(|e| e.to_string())?;
    open(&integrity).map_err(|error| format!("{error:#}"))
}

#[test]
fn by_default_nobody_is_given_anything() {
    let publishing = opened("").unwrap();
    assert!(publishing.witnesses.is_empty() && publishing.sinks.is_empty());
}

#[test]
fn witnesses_and_sinks_are_bounded_in_number() {
    assert_eq!(opened(&witnesses(WITNESSES_MAX)).unwrap().witnesses.len(), 15);
    assert!(opened(&witnesses(WITNESSES_MAX + 1)).err().unwrap().contains("at most 15"));
    assert_eq!(opened(&sinks(SINKS_MAX)).unwrap().sinks.len(), 8);
    assert!(opened(&sinks(SINKS_MAX + 1)).err().unwrap().contains("at most 8"));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let log = SigningKey::from_seed("log.test/1", Algorithm::Note, &[1; 32]).unwrap();
    let log = log.verifying_key().to_string();
    for (text, told) in [
        (witnesses(1).replace("http:", "ftp:"), "must begin with https://"),
        (witnesses(1).replace(&key(0), &log), "a log's key"),
        (witnesses(1).replace(&key(0), "nonsense"), "`nonsense`"),
        (witnesses(1) + &witnesses(1), "twice"),
        (sinks(1) + &sinks(1), "a name that no other has"),
        (sinks(1).replace("\"s0\"", "\"\""), "a name that no other has"),
        (sinks(1).replace("\"file\"", "\"mail\""), "mail"),
        (sinks(1) + "colour = \"blue\"\n", "colour"),
        ("[integrity]\nwitness_quorum = 1\n".to_owned(), "of 0 witnesses"),
        ("[integrity]\nwitness_interval_seconds = 0\n".to_owned(), "from 1 to 604800"),
        ("[integrity]\nwitness_timeout_seconds = 51\n".to_owned(), "from 1 to 50"),
        ("[integrity]\nsink_interval_seconds = 604801\n".to_owned(), "from 1 to 604800"),
    ] {
        let error = opened(&text).err().unwrap();
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn a_webhook_is_opened_with_its_secret() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let text = |secret: &std::path::Path| {
        format!(
            "[[integrity.sinks]]\nkind = \"webhook\"\nname = \"w\"\nurl = \"https://example.org\"\n\
             secret_file = \"{}\"\ntimeout_seconds = 5\n",
            secret.display()
        )
    };
    assert_eq!(opened(&text(&secret)).unwrap().sinks[0].name(), "w");
    assert!(opened(&text(&dir.path().join("none"))).err().unwrap().contains("the sink `w`"));
}

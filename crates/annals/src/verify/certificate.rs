//! Verifying a certificate. It needs neither a log nor a network.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use annals_evidence::KEYS_LEN_MAX;
use annals_tlog::certificate::{Certificate, key_name};
use annals_tlog::{NOTE_LEN_MAX, VerifyingKey};
use anyhow::Context;
use serde_json::Value;

use crate::exit::{self, Failure};

/// Says what is certified, if the log signed it.
pub(super) fn look(file: &Path, keys: &Path) -> anyhow::Result<()> {
    let note = read(file, NOTE_LEN_MAX)?;
    let keys = String::from_utf8_lossy(&read(keys, KEYS_LEN_MAX)?).into_owned();
    let tampered =
        |why: String| Failure::new(exit::TAMPERED, format!("`{}`: {why}", file.display()));
    // Which log it is of is only believed with its signature.
    let named = Certificate::parse(&String::from_utf8_lossy(&note).replace("\r\n", "\n"));
    let candidates = keys_in(&keys);
    let opened = candidates.iter().find_map(|key| Certificate::open(&note, key).ok());
    let Some(certificate) = opened else {
        let of = named.map(|one| format!(" `{}`", key_name(&one.log))).unwrap_or_default();
        let why = format!("it is not signed by a key{of} that was given");
        return Err(tampered(why).into());
    };
    let Certificate { log, kind, statement } = certificate;
    let mut out = std::io::stdout().lock();
    writeln!(out, "right: a certificate of {kind} of the log {log}")
        .context("writing the result")?;
    writeln!(out, "{statement}").context("writing the result")
}

/// The keys in a `log.json`, or one a line. What is no key is passed over: it signs nothing.
fn keys_in(text: &str) -> Vec<VerifyingKey> {
    if let Ok(description) = serde_json::from_str::<Value>(text) {
        let vkey = description["certificates"]["vkey"].as_str();
        return vkey.and_then(|key| VerifyingKey::parse(key).ok()).into_iter().collect();
    }
    text.lines().filter_map(|line| VerifyingKey::parse(line.trim()).ok()).collect()
}

fn read(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = bytes_max as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .with_context(|| format!("reading `{}`", path.display()))?;
    if bytes.len() > bytes_max {
        let message = format!("`{}` has more than {bytes_max} bytes", path.display());
        return Err(Failure::new(exit::USAGE, message).into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use annals_engine::tiles::LogSigner;
    use annals_record::RootKey;

    use super::*;

    #[test]
    fn a_certificate_is_right_with_the_keys_of_its_log_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name)
        };
        let signer = |seed| LogSigner::new("log.test/a", RootKey::from_bytes([seed; 32])).unwrap();
        let note = signer(1).certify("erasure", r#"{"person":"x"}"#.into()).unwrap();
        let right = place("right", &note);
        let changed = place("changed", &note.replace("\"x\"", "\"y\""));
        let log = serde_json::json!({
            "certificates": { "vkey": signer(1).certificate_key().to_string() },
        });
        let (log, line) = (
            place("log.json", &log.to_string()),
            place("keys", &format!("{}\n", signer(1).certificate_key())),
        );
        let other = place("other", &signer(2).certificate_key().to_string());
        assert!(look(&right, &log).is_ok() && look(&right, &line).is_ok());
        for (file, keys) in [(&changed, &log), (&right, &other), (&log, &log)] {
            let told = look(file, keys).unwrap_err();
            assert_eq!(exit::code_of(&told), exit::TAMPERED);
        }
    }
}

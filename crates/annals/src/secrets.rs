//! The secrets of an installation: the master key and the development secret for tokens.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use annals_record::MasterKey;
use anyhow::{Context, bail};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use tracing::warn;
use zeroize::Zeroizing;

/// The most bytes of a file with a secret that are read.
const SECRET_BYTES_MAX: u64 = 16 * 1024;
/// Names the file with the master key.
pub(crate) const MASTER_KEY_FILE: &str = "ANNALS_MASTER_KEY_FILE";

/// Holds the master key itself, in hexadecimal digits or base64.
pub(crate) const MASTER_KEY: &str = "ANNALS_MASTER_KEY";
/// The file of the master key in the data directory, when the environment names no other.
const MASTER_KEY_IN_DATA: &str = "master.key";

/// The master key: from the file that the environment names, else from the data directory, where it
/// is made when there is none and `may_make`.
pub(crate) fn master_key(data_dir: &Path, may_make: bool) -> anyhow::Result<MasterKey> {
    if let Some(path) = std::env::var_os(MASTER_KEY_FILE).map(PathBuf::from) {
        return master_key_of(&path);
    }
    let path = data_dir.join(MASTER_KEY_IN_DATA);
    warn!(
        "the master key lies beside the data it protects, in `{}`; for anything but trying out, \
         keep it elsewhere and name it in {MASTER_KEY_FILE}",
        path.display()
    );
    match may_make {
        true => Ok(MasterKey::from_bytes(*read_or_make(&path)?)),
        false => master_key_of(&path).with_context(|| {
            format!("the data was begun with a master key: name its file in {MASTER_KEY_FILE}")
        }),
    }
}

/// The master key of a file.
pub(crate) fn master_key_of(path: &Path) -> anyhow::Result<MasterKey> {
    let secret =
        read(path).with_context(|| format!("reading the master key `{}`", path.display()))?;
    Ok(MasterKey::from_bytes(*secret))
}

/// The master key of a file, which is made when there is none.
pub(crate) fn master_key_made_in(path: &Path) -> anyhow::Result<MasterKey> {
    Ok(MasterKey::from_bytes(*read_or_make(path)?))
}

/// The master key that the environment holds. It stays there: taking it out is not safe in a program
/// with several threads.
pub(crate) fn master_key_of_environment() -> anyhow::Result<MasterKey> {
    let text = std::env::var(MASTER_KEY).map(Zeroizing::new);
    let text =
        text.with_context(|| format!("`keys.provider` is `environment`: set {MASTER_KEY}"))?;
    let secret = key_in(&text).with_context(|| {
        format!("{MASTER_KEY} must be 32 bytes in 64 hexadecimal digits or in base64")
    })?;
    Ok(MasterKey::from_bytes(*secret))
}

/// 32 bytes, as hexadecimal digits or base64.
fn key_in(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim().as_bytes();
    let decoded = HEXLOWER_PERMISSIVE.decode(text).or_else(|_| BASE64.decode(text)).ok();
    let bytes = Zeroizing::new(decoded?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// The secret that development tokens are signed with; made when there is none.
pub(crate) fn token_secret(data_dir: &Path) -> anyhow::Result<[u8; 32]> {
    read_or_make(&data_dir.join("token.secret")).map(|secret| *secret)
}

/// A password that stands alone in a file.
pub(crate) fn password(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(1024).read_to_string(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("it is empty");
    }
    Ok(password.to_owned())
}

/// The name of this node when the settings give none: made once, so that it stays the same.
pub(crate) fn node_name(data_dir: &Path) -> anyhow::Result<String> {
    let secret = read_or_make(&data_dir.join("node.id"))?;
    Ok(format!("node-{}", HEXLOWER_PERMISSIVE.encode(&secret[..8])))
}

fn read_or_make(path: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(secret.as_mut_slice()).context("making random bytes")?;
    let text = Zeroizing::new(HEXLOWER_PERMISSIVE.encode(secret.as_slice()));
    match make(path, &text)? {
        true => Ok(secret),
        false => read(path).with_context(|| format!("reading `{}`", path.display())),
    }
}

/// Writes a secret into a new file, durably and for the owner alone; false when the file is there already.
pub(crate) fn make(path: &Path, secret: &str) -> anyhow::Result<bool> {
    // Written whole under another name first, so that whoever reads it reads all of it.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
    let made = options.open(&fresh).and_then(|mut file| {
        writeln!(file, "{secret}")?;
        file.sync_all()?;
        // Fails when another process was first; then its secret is the one.
        std::fs::hard_link(&fresh, path)
    });
    let removed = std::fs::remove_file(&fresh);
    match made {
        Ok(()) => {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
            File::open(dir.unwrap_or(Path::new(".")))
                .and_then(|dir| dir.sync_all())
                .with_context(|| format!("making `{}` durable", path.display()))?;
            removed.with_context(|| format!("removing `{}`", fresh.display()))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("writing `{}`", path.display())),
    }
}

/// Reads a small secret out of a file that only its owner may read.
pub(crate) fn text_for_the_owner_alone(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("others may read it: run `chmod 600 {}`", path.display());
    }
    // Reserved as a whole: a text that grows would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES_MAX as usize));
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads 32 bytes, as hexadecimal digits.
fn read(path: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let text = text_for_the_owner_alone(path)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok().map(Zeroizing::new);
    bytes
        .and_then(|bytes| bytes.as_slice().try_into().ok().map(Zeroizing::new))
        .context("it must hold 64 hexadecimal digits; make one with `openssl rand -hex 32`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_both_ways_and_in_no_other() {
        for text in [&"07".repeat(32), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"] {
            assert_eq!(key_in(text).as_deref(), Some(&[7; 32]), "{text}");
        }
        for text in ["", "07", &"07".repeat(31), &"07".repeat(33), "BwcH", &"zz".repeat(32)] {
            assert!(key_in(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_made_once_and_only_for_the_owner() {
        let dir = tempfile::tempdir().unwrap();
        let first = token_secret(dir.path()).unwrap();
        assert_eq!(token_secret(dir.path()).unwrap(), first);
        let path = dir.path().join("token.secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_that_others_may_read_or_that_is_too_short_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.secret");
        token_secret(dir.path()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(format!("{:#}", token_secret(dir.path()).unwrap_err()).contains("chmod 600"));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "abcd").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(format!("{:#}", token_secret(dir.path()).unwrap_err()).contains("64"));
    }
}

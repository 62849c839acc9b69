//! Files that hold what events hold lie on disk encrypted by `SQLCipher`, their write-ahead log included.
//!
//! The key is used as it is, without a derivation from a password, and the file begins with the key's
//! id where `SQLCipher` has its salt. So it is known of a file under which key it lies without trying:
//! what lies under another one, or in the clear, is removed and made anew from the log, and what does
//! not open under its own key is damaged.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use annals_record::sealed_file::FileKey;
use rusqlite::Connection;
use tracing::warn;
use zeroize::Zeroizing;

/// With what every plain file begins.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// Lets a connection read and write a file under its key. Nothing may touch the file before.
pub(super) fn unlock(
    connection: &Connection,
    key: &FileKey,
    page_size: u32,
) -> rusqlite::Result<()> {
    // It would write to standard error; what fails is an error, and told where we tell such things.
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    let mut statement = Zeroizing::new(String::with_capacity(128));
    statement.push_str("PRAGMA key = \"x'");
    for byte in key.expose().iter().chain(&key.id()) {
        let _ = write!(statement, "{byte:02x}");
    }
    statement.push_str("'\";");
    // The error would hold the statement, and with it the key.
    connection.execute_batch(&statement).map_err(|_| rusqlite::Error::InvalidQuery)?;
    // The form of files stays whatever later versions prefer. SHA-256 costs less than what they prefer
    // now, and is no weaker here.
    connection.execute_batch(&format!(
        "PRAGMA cipher_compatibility = 4; PRAGMA cipher_page_size = {page_size};
         PRAGMA cipher_hmac_algorithm = HMAC_SHA256;"
    ))
}

/// Removes a file that does not lie under this key; it is made anew.
pub(super) fn remove_unless_under(path: &Path, key: &FileKey) -> io::Result<()> {
    let mut beginning = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(PLAIN.len() as u64).read_to_end(&mut beginning)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if beginning.is_empty() || beginning == key.id() {
        return Ok(());
    }
    let lay = if beginning == PLAIN { "in the clear" } else { "under another key" };
    warn!("`{}` lay on disk {lay}: it is removed, and made anew from the log", path.display());
    // The write-ahead log of a file that is not there is removed by SQLite, so this order is safe.
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    super::sync_parent(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests;

//! The form of an index on disk: a number, and the name of the shape in which events came. An index of
//! another form is made anew.

use std::fs;
use std::io;
use std::path::Path;

use annals_ports::SearchError;

use crate::error::failed;

/// Raise it whenever the same event would be indexed differently: another schema, other terms, another
/// way to cut words.
pub(crate) const FORMAT: u32 = 1;

const FILE: &str = "format";

/// The form of an index of events in this shape.
fn of(shape: &str) -> String {
    match shape {
        "" => FORMAT.to_string(),
        shape => format!("{FORMAT} {shape}"),
    }
}

/// Notes the form in the directory of a new index.
pub(crate) fn write(dir: &Path, shape: &str) -> io::Result<()> {
    let file = dir.join(FILE);
    fs::write(&file, format!("{}\n", of(shape)))?;
    fs::File::open(&file)?.sync_all()
}

/// An index without it is not opened again.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Refuses an index of another form.
pub(crate) fn check(dir: &Path, shape: &str) -> Result<(), SearchError> {
    let other = |reason: String| Err(SearchError::OtherForm { reason });
    match fs::read_to_string(dir.join(FILE)) {
        Ok(text) if text.trim_end() == of(shape) => Ok(()),
        Ok(text) => other(format!("its format is {:?}, not {:?}", text.trim_end(), of(shape))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            other("it does not tell its format".into())
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            other("its format cannot be read".into())
        }
        Err(error) => Err(failed("reading the format of the index")(error)),
    }
}

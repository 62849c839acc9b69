//! Why a file could not be opened.

use std::io;
use std::path::PathBuf;

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made.
    #[error("cannot create `{path}`")]
    Create {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It must be made anew, and cannot be removed.
    #[error(
        "cannot remove `{path}`, which does not lie under the key it should; remove it yourself, it is made anew from the log"
    )]
    Replace {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is a database, but none of Annals.
    #[error(
        "`{path}` belongs to another program (application id {application_id:#x}); move it out of the data directory"
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What its header says.
        application_id: i32,
    },
    /// A later version of Annals wrote it.
    #[error(
        "`{path}` has format {found}, this version of Annals knows {known}; run the version that wrote it, or a newer one"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i32,
        /// The newest format that is known.
        known: i32,
    },
    /// It is not a whole database.
    #[error("`{path}` is damaged; {remedy}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
        /// How it shows.
        #[source]
        source: rusqlite::Error,
    },
    /// The system does not let us.
    #[error("cannot open `{path}` while {doing}")]
    Failed {
        /// Which file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// No thread for the writer.
    #[error("cannot start the thread that writes `{path}`")]
    Thread {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

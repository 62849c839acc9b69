//! What is shown of a stream, in words.

use std::fmt;

/// What a bundle shows of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamReport {
    /// Its name.
    pub stream: String,
    /// How many of its events are in the bundle.
    pub events: u64,
    /// The revision of the first.
    pub first_revision: u64,
    /// The revision of the last.
    pub last_revision: u64,
    /// Whether any is left out.
    pub completeness: Completeness,
}

/// Whether a bundle leaves out events of a stream.
///
/// A header does not hold its revision, so without a proof of the stream's end the revisions are the
/// word of whoever signed the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// None from the first revision shown to the one the stream ended with on a day. When the first
    /// revision shown is above 0, that many events of the stream are not in the bundle.
    Complete {
        /// The last revision of the stream on that day. Later ones may be shown as well.
        through: u64,
        /// The day, `YYYY-MM-DD` in UTC.
        day: String,
    },
    /// None between the first and the last; of later ones nothing is said.
    Contiguous,
    /// Some, as is to be expected when events were selected.
    Gaps {
        /// How many revisions between the first and the last are missing.
        missing: u64,
        /// The first revision of the first gap.
        first: u64,
        /// The last revision of the first gap.
        last: u64,
    },
}

impl fmt::Display for StreamReport {
    /// Writes it in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, events, first_revision, last_revision, completeness } = self;
        write!(
            f,
            "stream `{stream}`: {events} events, revisions {first_revision} to {last_revision}; "
        )?;
        match completeness {
            Completeness::Complete { through, day } => {
                write!(f, "complete from revision {first_revision} to {through} through {day}")?;
                if *first_revision > 0 {
                    let what = "removed by retention or not claimed; that they are the earliest is \
                                the word of whoever signed the bundle";
                    write!(f, "; {first_revision} events are not in the bundle, {what}")?;
                }
                if last_revision > through {
                    write!(f, "; of events after revision {last_revision} nothing is said")?;
                }
                Ok(())
            }
            Completeness::Contiguous => write!(
                f,
                "contiguous by the word of whoever signed the bundle; nothing is said about later ones"
            ),
            Completeness::Gaps { missing, first, last } => write!(
                f,
                "not complete: {missing} revisions between are missing, the first of them {first} to {last}"
            ),
        }
    }
}

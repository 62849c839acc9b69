//! The commitment to where all streams ended, signed once a day.

use std::fmt;

use annals_tlog::{Checkpoint, Hash};

use crate::limits::NUMBER_MAX;
use crate::names::{heads_origin, is_day, is_origin, is_shard};
use crate::problem::Problem;

/// The text of the note that commits to the heads of all streams.
///
/// It is a checkpoint (C2SP tlog-checkpoint) with two lines after the root:
///
/// ```text
/// <origin of the log>/heads/<YYYY-MM-DD>
/// <how many streams>
/// <root of the tree over the rows of the heads, base64>
/// shard <name>
/// size <tree size>
/// ```
///
/// It says: the streams ended so when this shard of the log had this size. All records of earlier
/// shards are covered too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadsCommitment {
    /// The origin of the log, without a shard.
    pub origin: String,
    /// The day, `YYYY-MM-DD` in UTC.
    pub day: String,
    /// How many streams there were.
    pub streams: u64,
    /// The root over [`annals_tlog::stream_heads::HeadRow`]s.
    pub root: Hash,
    /// The shard that was the last one.
    pub shard: String,
    /// How many entries that shard had.
    pub size: u64,
}

impl HeadsCommitment {
    /// Reads the text of the note.
    ///
    /// # Errors
    /// When it is not exactly what printing a commitment gives.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = Problem::Commitment;
        let checkpoint = Checkpoint::parse_foreign(text);
        let Checkpoint { origin, size: streams, root } =
            checkpoint.map_err(|_| wrong("it is not a checkpoint"))?;
        let (origin, day) = origin
            .rsplit_once("/heads/")
            .filter(|(origin, day)| is_origin(origin) && is_day(day))
            .ok_or(wrong("it does not name a log and a day"))?;
        let mut lines = text.split('\n').skip(3);
        let mut after = |word| lines.next().and_then(|line: &str| line.strip_prefix(word));
        let shard = after("shard ").filter(|name| is_shard(name));
        let size = after("size ").and_then(|size| size.parse().ok());
        let commitment = Self {
            origin: origin.to_owned(),
            day: day.to_owned(),
            streams,
            root,
            shard: shard.ok_or(wrong("it does not name a shard"))?.to_owned(),
            size: size.ok_or(wrong("it does not say how large the shard was"))?,
        };
        let numbers = commitment.size <= NUMBER_MAX && commitment.streams <= NUMBER_MAX;
        if numbers && commitment.to_string() == text {
            Ok(commitment)
        } else {
            Err(wrong("it is not in the one form that it may have"))
        }
    }
}

impl fmt::Display for HeadsCommitment {
    /// Writes the text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, day, streams, root, shard, size } = self;
        let checkpoint =
            Checkpoint { origin: heads_origin(origin, day), size: *streams, root: *root };
        write!(f, "{checkpoint}shard {shard}\nsize {size}\n")
    }
}

#[cfg(test)]
mod tests;

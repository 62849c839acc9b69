//! The projection that grows the trees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_domain::{Position, Recorded};
use annals_ports::ReadModelError;
use annals_ports::trees::{TreeLeaf, TreeStore};
use annals_tlog::{Hash, LoadError, Note, Tree};
use jiff::tz::TimeZone;
use tracing::error;

use super::TILES;
use super::growing::{GrowingShard, NewLeaf, Signable, by_shard, link};
use super::mark::{Mark, Marked};
use super::reading::ShardReader;
use super::signing::LogSigner;
use crate::projection::{Projection, ProjectionError};

/// So many leaves are signed at once, when it is far behind.
const UNCOMMITTED_MAX: usize = 65_536;
/// What to do when the stored trees cannot be gone on with. What was signed stays in the mark.
const REMEDY: &str = "keep a copy of it as evidence, then run `annals rebuild tiles`";

/// Follows the log, grows the newest shard, and signs it.
pub(crate) struct TileKeeper {
    store: Arc<dyn TreeStore>,
    signer: LogSigner,
    mark: Arc<dyn Mark>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shard: Option<Shard>,
    gathered: Vec<NewLeaf>,
    end: Position,
}

struct Shard {
    year: i16,
    growing: GrowingShard,
    /// The text of its newest checkpoint, if it is signed.
    checkpoint: Option<String>,
}

/// What the trees are made of does not fit together.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("the shard `{0}` in `tiles.db` is not named by its year; {REMEDY}")]
    Name(String),
    #[error("the checkpoint of the shard `{0}` in `tiles.db` is no signed note; {REMEDY}")]
    Checkpoint(String),
    #[error(
        "the tree of the shard `{shard}` in `tiles.db` cannot be gone on with; if that lasts, {REMEDY}"
    )]
    Tree { shard: String, source: LoadError<ReadModelError> },
    #[error("another sealer grew the shard `{0}`; only one service may run on a data directory")]
    Overtaken(String),
    #[error("another sealer signed a tree of `{0}`; only one may use this mark")]
    MarkMoved(String),
}

impl TileKeeper {
    pub(crate) fn new(store: Arc<dyn TreeStore>, signer: LogSigner, mark: Arc<dyn Mark>) -> Self {
        Self { store, signer, mark, state: Mutex::default() }
    }

    /// A panic leaves nothing half done here: what was gathered is forgotten before it is used again.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest shard as it is stored.
    fn load(&self) -> Result<(Option<Shard>, Position), ProjectionError> {
        let Some(stored) = self.store.shards()?.pop() else { return Ok((None, Position::START)) };
        let year = stored.name.parse().map_err(|_| KeepError::Name(stored.name.clone()))?;
        let reader = ShardReader { store: &*self.store, shard: &stored.name };
        let tree = Tree::load(stored.size, &Hash(stored.root), &reader)
            .map_err(|source| KeepError::Tree { shard: stored.name.clone(), source })?;
        let checkpoint = match stored.note.is_empty() {
            true => None,
            false => {
                let note = Note::parse(stored.note.as_bytes())
                    .map_err(|_| KeepError::Checkpoint(stored.name.clone()))?;
                Some(note.text().to_owned())
            }
        };
        let is_signed = checkpoint.is_some();
        let growing = GrowingShard { name: stored.name, tree, is_signed };
        Ok((Some(Shard { year, growing, checkpoint }), stored.position))
    }

    /// Adds leaves to one shard, and signs it if it may be.
    fn grow(
        &self,
        shard: &mut Shard,
        leaves: Vec<TreeLeaf>,
        end: Position,
    ) -> Result<(), ProjectionError> {
        let name = shard.growing.name.clone();
        let origin = self.signer.origin(&name);
        let marks = self.mark.all()?;
        let marked = marks.get(&origin).copied();
        let log = self.signer.origin("");
        let is_closed = marks
            .keys()
            .filter_map(|origin| origin.strip_prefix(&log))
            .any(|later| later > name.as_str());
        let (mut growth, signable) = shard.growing.grow(leaves, end, marked, is_closed)?;
        let (size, root) = (growth.shard.size, Hash(growth.shard.root));
        shard.checkpoint = None;
        match signable {
            Signable::Yes => {
                let signed = self.signer.sign(&name, size, root)?;
                growth.shard.note = signed.note.to_string();
                shard.checkpoint = Some(signed.note.text().to_owned());
                let now = Marked { size, root };
                if marked != Some(now) && !self.mark.raise(&origin, marked, now)? {
                    return Err(KeepError::MarkMoved(name).into());
                }
            }
            // The log is read again up to what was signed; that says nothing to anybody.
            Signable::NotYet => {}
            Signable::Never { size } => {
                metrics::counter!("annals_tiles_refused_to_sign_total").increment(1);
                error!(
                    shard = name,
                    size, "the log is not what was signed: no more checkpoints of this shard"
                );
            }
        }
        match self.store.grow(&growth)? {
            true => Ok(()),
            false => Err(KeepError::Overtaken(name).into()),
        }
    }
}

impl Projection for TileKeeper {
    fn name(&self) -> &'static str {
        TILES
    }

    fn uncommitted_max(&self) -> usize {
        UNCOMMITTED_MAX
    }

    /// A record without a leaf could never be given one.
    fn may_leave_out(&self) -> bool {
        false
    }

    fn rewind(&self) -> Result<Position, ProjectionError> {
        let (shard, position) = self.load()?;
        *self.state() = State { shard, gathered: Vec::new(), end: position };
        Ok(position)
    }

    fn apply(&self, events: &[Recorded], end: Position) -> Result<(), ProjectionError> {
        let mut state = self.state();
        let after = state.end;
        let fresh = events.iter().filter(|recorded| recorded.position > after);
        let leaves = fresh.map(|recorded| NewLeaf {
            year: recorded.event.received_at.timestamp.to_zoned(TimeZone::UTC).year(),
            leaf: TreeLeaf { position: recorded.position, digest: recorded.header_digest },
        });
        let leaves: Vec<NewLeaf> = leaves.collect();
        state.gathered.extend(leaves);
        state.end = state.end.max(end);
        Ok(())
    }

    fn commit(&self) -> Result<(), ProjectionError> {
        let mut state = self.state();
        let gathered = std::mem::take(&mut state.gathered);
        let end = state.end;
        let shards = by_shard(state.shard.as_ref().map(|shard| shard.year), gathered);
        let count = shards.len();
        for (number, (year, mut leaves)) in shards.into_iter().enumerate() {
            let last = leaves.last().map_or(end, |leaf| leaf.position);
            let end = if number + 1 == count { end } else { last };
            if state.shard.as_ref().is_none_or(|shard| shard.year != year) {
                let before = state.shard.as_ref().and_then(|shard| shard.checkpoint.as_deref());
                if let Some(text) = before {
                    leaves.insert(0, link(text));
                }
                let growing = GrowingShard::empty(format!("{year:04}"));
                state.shard = Some(Shard { year, growing, checkpoint: None });
            }
            let shard = state.shard.as_mut().expect("a shard was begun if there was none");
            // After a failure everything is read from the store again.
            self.grow(shard, leaves, end)?;
        }
        Ok(())
    }
}

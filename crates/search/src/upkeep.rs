//! Looks after the files: finds damage, and sets it aside to be filled anew.

use annals_domain::Position;
use annals_ports::{IndexMemory, Look, SearchError, Upkeep};

use crate::error::failed;
use crate::index::TantivyIndex;
use crate::looking::Looking;

impl Upkeep for TantivyIndex {
    fn look(&self, pace: &mut dyn FnMut(u64) -> bool) -> Result<Look, SearchError> {
        self.storage.damage.look();
        // Events are added meanwhile.
        let subjects = self.writing().subjects();
        let look = Looking::new(&self.storage, pace).at(&subjects);
        look.map_err(failed("looking at its files"))
    }

    fn is_damaged(&self) -> bool {
        self.storage.damage.is_there()
    }

    fn is_suspect(&self) -> bool {
        self.storage.damage.is_suspected()
    }

    fn set_damage_aside(&self) -> Result<Option<Position>, SearchError> {
        if !self.is_damaged() {
            return Ok(None);
        }
        let mut writing = self.writing();
        let files = self.storage.damage.take();
        let outcome = writing.set_aside(&files);
        // Also when it stopped half-way: what was moved is not searched.
        self.publish(&writing);
        let quarantine = outcome.inspect_err(|_| self.storage.damage.put_back(files))?;
        let Some(quarantine) = quarantine else { return Ok(None) };
        tracing::warn!(
            "damaged parts of the search index ({}) were set aside in `{}`; they are made anew from the \
             log, and searches do not find their events until then",
            quarantine.partitions.join(", "),
            quarantine.moved_to.display()
        );
        metrics::counter!("annals_index_set_aside_total")
            .increment(quarantine.partitions.len() as u64);
        Ok(Some(writing.position()))
    }

    fn memory(&self) -> IndexMemory {
        let cache = self.storage.sealing.as_ref().map(|sealing| &sealing.cache);
        cache.map_or_else(IndexMemory::default, |cache| IndexMemory {
            kept: cache.bytes() as u64,
            held: cache.held_bytes(),
        })
    }
}

//! Everything with files that only the holder of the key can read.

use crate::{Files, IndexKey};

#[path = "durability.rs"]
mod durability;
#[path = "events.rs"]
mod events;
#[path = "format.rs"]
mod format;
#[path = "generations.rs"]
mod generations;
#[path = "months.rs"]
mod months;
#[path = "one_semantics.rs"]
mod one_semantics;
#[path = "orders.rs"]
mod orders;
#[path = "removing.rs"]
mod removing;
#[path = "rewriting.rs"]
mod rewriting;
#[path = "sealed_files.rs"]
mod sealed_files;
#[path = "segments.rs"]
mod segments;
#[path = "statistics.rs"]
mod statistics;
#[path = "upkeep.rs"]
mod upkeep;

fn files() -> Files {
    Files::encrypted(IndexKey::from_bytes([7; 32]), 1 << 20)
}

//! Everything with files as tantivy writes them.

use crate::Files;

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
#[path = "segments.rs"]
mod segments;
#[path = "statistics.rs"]
mod statistics;
#[path = "upkeep.rs"]
mod upkeep;

fn files() -> Files {
    Files::plain()
}

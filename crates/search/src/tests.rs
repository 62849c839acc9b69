//! The index against the meaning of filters, and against what disks and clocks do.

mod durability;
mod events;
mod one_semantics;
mod orders;
mod removing;
mod statistics;

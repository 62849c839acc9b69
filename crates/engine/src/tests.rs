//! The engine through its public handle, over ports in memory that can be told to fail.

mod clock;
mod damage;
mod delivering;
mod following;
mod handing_over;
mod inbox;
mod keys;
mod machine;
mod memory_index;
mod nodes;
mod recording;
mod searching;
mod stopping;
mod supervision;
mod watched_log;

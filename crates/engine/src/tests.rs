//! The engine through its public handle, over ports in memory that can be told to fail.

mod access;
mod clock;
mod counting;
mod damage;
mod delivering;
mod exporting;
mod fairness;
mod following;
mod handing_over;
mod history;
mod inbox;
mod keys;
mod machine;
mod memory_index;
mod nodes;
mod recording;
mod related;
mod retention;
mod searching;
mod spooling;
mod stopping;
mod supervision;
mod watched_log;

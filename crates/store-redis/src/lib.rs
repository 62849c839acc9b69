//! What nodes share through Redis, or Valkey: the count of how much each caller asked.
//!
//! Nothing of what lies there is needed: without it each node counts for itself.

#![warn(missing_docs)]

mod connection;
mod limiter;
mod outage;
mod settings;

pub use limiter::{RedisRateLimiter, WrongUrl};
pub use settings::{RedisSettings, RedisUrl};

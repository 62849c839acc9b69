//! Watching Annals itself: when something is wrong, and when it is right again.
//!
//! A [`Condition`] is something that may be wrong. Each goes by one number, its reading, and has a
//! [`Threshold`]: it is raised once the reading has been bad for a while, and cleared once it has been
//! good for a while. What lies between bad and good changes nothing, so that a number which wavers does
//! not have people called again and again.

mod behind;
mod condition;
mod increase;
mod jump;
mod standing;
mod threshold;

pub use behind::Behind;
pub use condition::{Condition, Definition};
pub use increase::Increase;
pub use jump::ClockJumps;
pub use standing::{Change, Moment, Raised, Readings, Standings, judge};
pub use threshold::{InvalidThreshold, Threshold, Thresholds};

/// Type of the event that tells that a condition was raised.
pub const RAISED_TYPE: &str = "annals.health.raised";
/// Type of the event that tells that it was cleared.
pub const CLEARED_TYPE: &str = "annals.health.cleared";

#[cfg(test)]
mod tests;

//! How long events are kept, what holds them longer, and how a person is forgotten: the decisions, and no
//! more. Who may ask for what, and the work itself, are elsewhere.
//!
//! Two things cannot be done by mistake, because their types cannot be made otherwise: only a [`Judge`]
//! makes a [`Removable`], of an event that is due and that no hold covers; only
//! [`TenantLifecycle::clear_erasure`](crate::access::state::TenantLifecycle::clear_erasure) makes an
//! [`ErasureClearance`], of a request that two people agreed on and that nothing forbids.

mod erasure;
mod hold;
mod judge;
mod person_copy;
mod policy;
mod proposal;
mod trusted_time;

pub use erasure::{
    ERASURES_MAX, ErasedKey, ErasingKey, Erasure, ErasureClearance, ErasureRefused, ErasureStatus,
    NoHold,
};
pub use hold::{Approval, HOLDS_MAX, Hold, HoldStatus};
pub use judge::{Due, Holds, Judge, Kept, Removable};
pub use person_copy::{concerning, copy_for};
pub use policy::{InvalidRules, Keep, RULES_MAX, RetentionRule, TenantPolicy};
pub use proposal::{PROPOSALS_MAX, Proposal, ProposalStatus, Proposals};
pub use trusted_time::{RetentionNow, TrustedTime};

#[cfg(test)]
mod tests;

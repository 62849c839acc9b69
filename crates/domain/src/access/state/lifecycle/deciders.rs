//! Who decided what is kept and forgotten, and that they are forgotten themselves when they are erased.

use std::collections::BTreeSet;

use super::{Approval, Erasure, Hold, Proposal, TenantLifecycle};
use crate::access::state::AccessEntry;

impl TenantLifecycle {
    /// Takes out who decided, where they are erased; what was decided stays. Says whether there was anything.
    pub(in crate::access) fn forget_deciders(
        entry: &mut AccessEntry,
        persons: &BTreeSet<String>,
    ) -> bool {
        let by: [Option<&mut Approval>; 4] = match entry {
            AccessEntry::RetentionProposal(Proposal { proposed, approved, ended, .. }) => {
                [Some(proposed), approved.as_mut(), ended.as_mut(), None]
            }
            AccessEntry::Hold(Hold { placed, approved, release_asked, released, .. }) => {
                [Some(placed), approved.as_mut(), release_asked.as_mut(), released.as_mut()]
            }
            AccessEntry::Erasure(Erasure { requested, approved, refused, .. }) => {
                [Some(requested), approved.as_mut(), refused.as_mut(), None]
            }
            _ => [const { None }; 4],
        };
        let theirs = by.into_iter().flatten().filter(|decided| persons.contains(&decided.by));
        theirs.map(|decided| decided.by.clear()).count() > 0
    }
}

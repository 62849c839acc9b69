//! Where the per-person read models lie.

use std::collections::BTreeMap;

use annals_domain::Position;
use annals_domain::profile::{Concern, PersonRef, Profile, ProfileDelta, Viewer, Views};

use crate::ReadModelError;

/// Keeps profiles. Blocking: call it off the async threads.
///
/// # Contract
/// - [`ProfileStore::apply`] stores the deltas and the position in one transaction, so after a crash
///   either both are there or neither is.
/// - A position that is not beyond the stored one is passed over: applying twice changes nothing.
pub trait ProfileStore: Send + Sync + 'static {
    /// Position up to which the log was applied.
    fn position(&self) -> Result<Position, ReadModelError>;

    /// Adds the deltas of a batch that ends at `position`.
    fn apply(
        &self,
        deltas: &BTreeMap<PersonRef, ProfileDelta>,
        position: Position,
    ) -> Result<(), ReadModelError>;

    /// The person's profile; at most `limit` devices, places and sessions each.
    fn profile(&self, person: &PersonRef, limit: usize) -> Result<Option<Profile>, ReadModelError>;

    /// Positions of the person's events, newest first, before `before`.
    fn timeline(
        &self,
        person: &PersonRef,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError>;

    /// Positions of the events by which others looked at what concerns the person in one of these
    /// ways, newest first, before `before`.
    fn accesses(
        &self,
        person: &PersonRef,
        concerns: &[Concern],
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>, ReadModelError>;

    /// Who looked at what concerns the person, in whichever way; who looked last comes first.
    fn viewers(
        &self,
        person: &PersonRef,
        limit: usize,
    ) -> Result<Vec<(Viewer, Views)>, ReadModelError>;

    /// Forgets a person, who was erased. Where they looked at others, nobody known did from then on.
    /// Forgetting whom nobody knows is a success.
    fn forget(&self, person: &PersonRef) -> Result<(), ReadModelError>;

    /// Who was looked at, or had something of theirs looked at, by the events at these positions.
    fn accessed_at(
        &self,
        positions: &[Position],
    ) -> Result<Vec<(PersonRef, Position)>, ReadModelError>;

    /// Forgets persons, as [`ProfileStore::forget`] does each, and adds what is left to tell of them; of
    /// the others that are given, replaces who looked at them by what is told. All in one transaction; the
    /// position stays.
    fn retell(
        &self,
        erased: &BTreeMap<PersonRef, ProfileDelta>,
        viewed: &BTreeMap<PersonRef, ProfileDelta>,
    ) -> Result<(), ReadModelError>;

    /// Forgets everything, to be filled anew from the log.
    fn clear(&self) -> Result<(), ReadModelError>;
}

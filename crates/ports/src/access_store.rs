//! Where the state of access lies between two starts: API keys, revocations, emergency access.

use annals_domain::access::state::{AccessChange, AccessEntry};
use annals_domain::{Position, TenantId};

use crate::ReadModelError;

/// Keeps the state of access. Blocking: call it off the async threads.
///
/// # Contract
/// Changes and position are one transaction. A batch that does not end behind the position was
/// applied before and changes nothing.
pub trait AccessStore: Send + Sync + 'static {
    /// Everything that is kept, and the position up to which the log was applied.
    fn load(&self) -> Result<(Position, Vec<(TenantId, AccessEntry)>), ReadModelError>;

    /// Applies the changes, in order, of a batch that ends at `position`.
    fn apply(&self, changes: &[AccessChange], position: Position) -> Result<(), ReadModelError>;

    /// Puts these entries in the place of all that a tenant has; what it had is out of the files when this
    /// returns. The position stays.
    fn replace(&self, tenant: &TenantId, entries: &[AccessEntry]) -> Result<(), ReadModelError>;

    /// Empties the store, to be built anew.
    fn clear(&self) -> Result<(), ReadModelError>;
}

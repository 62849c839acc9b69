//! Who may do what, and how much of an event they see (requirements V-02, X-07, X-10).
//!
//! Roles are data: `config/access.toml`, or a file of the operator's. A token names roles, an
//! [`AccessPolicy`] makes [`Grants`] of them, and whatever no role grants is refused. The same
//! grants serve REST, GraphQL, live streams and jobs.

mod grants;
mod masks;
mod permission;
mod policy;
mod shape;
pub mod state;

pub use grants::Grants;
pub use masks::{MASKED, Mask, Masks};
pub use permission::Permission;
pub use policy::{AccessPolicy, PolicyError, Role, SHIPPED};
pub use shape::shape_of;

use crate::filter::{Field, Filter, Test};

/// Type of the events by which Annals tells that somebody read the log.
pub const READ_TYPE: &str = "annals.log.read";

/// What somebody asked for, without the traces that reading leaves: these would be in the way of
/// every list. They are found by naming their type, as in `type:annals.log.read`.
pub fn without_reads(filter: Filter) -> Filter {
    if names_reads(&filter) {
        return filter;
    }
    filter.and(Filter::Not(Box::new(Filter::equals("type", READ_TYPE))))
}

/// Whether some condition on the type, or on the id, was made for them.
fn names_reads(filter: &Filter) -> bool {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => filters.iter().any(names_reads),
        Filter::Not(filter) => names_reads(filter),
        Filter::Field(Field(path), test) => match (path.as_str(), test) {
            ("id", Test::Equals(_)) => true,
            ("type", Test::Equals(name)) => name == READ_TYPE,
            ("type", Test::Like(pattern)) => pattern.starts_with("annals."),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;

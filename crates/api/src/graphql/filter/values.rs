//! What a value must be like, by its type.

use async_graphql::InputObject;

use crate::graphql::scalars::{DateTime, Severity};

/// Conditions on a text; all that are given must hold.
#[derive(InputObject, Default)]
pub(in crate::graphql) struct StringFilter {
    /// Equals this.
    pub(super) eq: Option<String>,
    /// Does not equal this.
    pub(super) neq: Option<String>,
    /// Equals one of these.
    #[graphql(name = "in")]
    pub(super) any_of: Option<Vec<String>>,
    /// Equals none of these.
    pub(super) nin: Option<Vec<String>>,
    /// Begins with this.
    pub(super) starts_with: Option<String>,
    /// Ends with this.
    pub(super) ends_with: Option<String>,
    /// Holds this.
    pub(super) contains: Option<String>,
    /// Whether there is a value at all.
    pub(super) exists: Option<bool>,
}

/// Conditions on a severity; all that are given must hold.
#[derive(InputObject)]
pub(in crate::graphql) struct SeverityFilter {
    /// This one.
    pub(super) eq: Option<Severity>,
    /// Not this one.
    pub(super) neq: Option<Severity>,
    /// One of these.
    #[graphql(name = "in")]
    pub(super) any_of: Option<Vec<Severity>>,
    /// None of these.
    pub(super) nin: Option<Vec<Severity>>,
    /// This or worse.
    pub(super) gte: Option<Severity>,
    /// Worse than this.
    pub(super) gt: Option<Severity>,
    /// This or less.
    pub(super) lte: Option<Severity>,
    /// Less than this.
    pub(super) lt: Option<Severity>,
}

/// Conditions on an instant, by the microsecond; all that are given must hold.
#[derive(InputObject)]
pub(in crate::graphql) struct DateTimeFilter {
    /// At or after.
    pub(super) gte: Option<DateTime>,
    /// After.
    pub(super) gt: Option<DateTime>,
    /// Before.
    pub(super) lt: Option<DateTime>,
    /// At or before.
    pub(super) lte: Option<DateTime>,
}

/// Conditions on an address; each value is an address or a network such as `10.0.0.0/8`.
#[derive(InputObject)]
pub(in crate::graphql) struct AddressFilter {
    /// Is this, or lies in it.
    pub(super) eq: Option<String>,
    /// Is not this, and does not lie in it.
    pub(super) neq: Option<String>,
    /// Is one of these, or lies in one.
    #[graphql(name = "in")]
    pub(super) any_of: Option<Vec<String>>,
    /// Is none of these, and lies in none.
    pub(super) nin: Option<Vec<String>>,
    /// Whether there is an address at all.
    pub(super) exists: Option<bool>,
}

/// A condition on a value by its path.
#[derive(InputObject)]
pub(in crate::graphql) struct PathFilter {
    /// Keys joined by dots.
    pub(super) path: String,
    /// Conditions on its text.
    pub(super) value: Option<StringFilter>,
    /// Greater than or equal to.
    pub(super) gte: Option<f64>,
    /// Greater than.
    pub(super) gt: Option<f64>,
    /// Less than.
    pub(super) lt: Option<f64>,
    /// Less than or equal to.
    pub(super) lte: Option<f64>,
    /// Whether there is a value at all.
    pub(super) exists: Option<bool>,
}

//! The rules that ship with Annals.

use jiff::Timestamp;

use super::{Rule, read_rules};
use crate::catalogue::Catalogue;
use crate::limits::Limits;
use crate::query::QueryContext;

/// The shipped rules: file name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("account.toml", include_str!("../../../../../config/rules/account.toml")),
    ("data.toml", include_str!("../../../../../config/rules/data.toml")),
    ("operations.toml", include_str!("../../../../../config/rules/operations.toml")),
    ("security.toml", include_str!("../../../../../config/rules/security.toml")),
];

/// The shipped rules, read. What a catalogue does not know their filters do not find.
pub fn shipped_rules(catalogue: &Catalogue) -> Vec<Rule> {
    let limits = Limits::shipped();
    let context = QueryContext { limits: &limits.query, now: Timestamp::UNIX_EPOCH, catalogue };
    read_rules(SHIPPED.iter().copied(), &context).expect("the shipped rules are checked by a test")
}

//! Which snapshots are kept. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// How many snapshots are kept: the newest of each of so many days, weeks and so on that have one. All
/// zero: every snapshot is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KeepRules {
    /// The newest ones, whenever they were made.
    pub last: usize,
    /// Days by UTC.
    pub daily: usize,
    /// Weeks (ISO 8601).
    pub weekly: usize,
    /// Months.
    pub monthly: usize,
    /// Years.
    pub yearly: usize,
}

impl KeepRules {
    fn keep_all(&self) -> bool {
        *self == Self::default()
    }
}

/// The names of those that are kept, of snapshots with the times they were made at. The newest always is.
pub fn kept(snapshots: &[(String, Timestamp)], rules: &KeepRules) -> BTreeSet<String> {
    let mut newest_first: Vec<_> = snapshots.to_vec();
    newest_first.sort_by(|(one, one_at), (other, other_at)| (other_at, other).cmp(&(one_at, one)));
    if rules.keep_all() {
        return newest_first.into_iter().map(|(name, _)| name).collect();
    }
    let mut kept: BTreeSet<String> =
        newest_first.iter().take(rules.last.max(1)).map(|(name, _)| name.clone()).collect();
    let days = |at: &Timestamp| at.to_zoned(TimeZone::UTC).date();
    let date = |at: &Timestamp| (i32::from(days(at).year()), i32::from(days(at).day_of_year()));
    let week = |at: &Timestamp| {
        let week = days(at).iso_week_date();
        (i32::from(week.year()), i32::from(week.week()))
    };
    let month = |at: &Timestamp| (i32::from(days(at).year()), i32::from(days(at).month()));
    let year = |at: &Timestamp| (i32::from(days(at).year()), 0);
    type Period<'a> = &'a dyn Fn(&Timestamp) -> (i32, i32);
    let periods: [(usize, Period<'_>); 4] = [
        (rules.daily, &date),
        (rules.weekly, &week),
        (rules.monthly, &month),
        (rules.yearly, &year),
    ];
    for (count, period) in periods {
        let mut seen = BTreeSet::new();
        for (name, at) in &newest_first {
            if seen.len() < count && seen.insert(period(at)) {
                kept.insert(name.clone());
            }
        }
    }
    kept
}

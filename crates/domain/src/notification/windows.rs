//! What was told a moment ago: the windows of dedupe, throttle and digest. Driven by when events were
//! recorded and by no clock, so that a replay comes to the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Windows that are open at once, of a tenant. Beyond it the one that ends first makes way: then a
/// message too many is sent, and none is lost.
pub const WINDOWS_MAX: usize = 20_000;

/// Namespace of the keys of windows.
const NAMESPACE: Uuid = Uuid::from_u128(0x52b1_07ce_6f4d_4d08_8a6e_93c2_0f7e_11b5);

/// Something that is remembered until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Until when.
    pub until: Timestamp,
    /// How many messages there were.
    pub count: u32,
    /// The message that a digest gathers in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Uuid>,
}

/// The windows of a tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows {
    open: BTreeMap<Uuid, Window>,
    by_end: BTreeSet<(Timestamp, Uuid)>,
}

/// The key of a window: of what it is, whose rule, and what events must agree in.
pub(super) fn key_of(parts: &[&str]) -> Uuid {
    let name: String = parts.iter().map(|part| format!("{}:{part}\n", part.len())).collect();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

impl Windows {
    /// The window of a key, if it is open at that time.
    pub(super) fn at(&self, key: Uuid, now: Timestamp) -> Option<Window> {
        self.open.get(&key).copied().filter(|window| now < window.until)
    }

    /// Keeps a window; tells what is held of it and of those that made way. A window that ends before all
    /// others makes way itself when there are too many: of it, too, nothing is held then.
    pub(super) fn put(
        &mut self,
        key: Uuid,
        window: Window,
        now: Timestamp,
    ) -> Vec<(Uuid, Option<Window>)> {
        self.keep(key, window);
        let mut changed = Vec::new();
        while let Some((until, oldest)) = self.by_end.first().copied() {
            if until > now && self.open.len() <= WINDOWS_MAX {
                break;
            }
            self.by_end.pop_first();
            self.open.remove(&oldest);
            if oldest != key {
                changed.push((oldest, None));
            }
        }
        changed.push((key, self.open.get(&key).copied()));
        changed
    }

    /// Takes back what was kept.
    pub(super) fn keep(&mut self, key: Uuid, window: Window) {
        if let Some(before) = self.open.insert(key, window) {
            self.by_end.remove(&(before.until, key));
        }
        self.by_end.insert((window.until, key));
    }

    /// How many are open.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

/// So many seconds after a time.
pub(super) fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn window(until: i64) -> Window {
        Window { until: at(until), count: 1, message: None }
    }

    #[test]
    fn a_window_is_open_until_its_end_and_then_makes_way() {
        let mut windows = Windows::default();
        let (one, two) = (key_of(&["one"]), key_of(&["two"]));
        assert_eq!(windows.put(one, window(10), at(0)), [(one, Some(window(10)))]);
        assert_eq!(windows.at(one, at(9)), Some(window(10)));
        assert_eq!(windows.at(one, at(10)), None);
        assert_eq!(windows.put(two, window(20), at(10)), [(one, None), (two, Some(window(20)))]);
        assert_eq!(windows.len(), 1);
    }

    #[test]
    fn there_are_never_too_many_windows() {
        let mut windows = Windows::default();
        let mut gone = 0;
        for number in 0..WINDOWS_MAX + 10 {
            let key = key_of(&[&number.to_string()]);
            let changed = windows.put(key, window(1000 + number as i64), at(0));
            gone += changed.iter().filter(|(_, held)| held.is_none()).count();
        }
        assert_eq!((windows.len(), gone), (WINDOWS_MAX, 10));
        assert_eq!(windows.at(key_of(&["9"]), at(1)), None, "the ones that end first made way");
        assert!(windows.at(key_of(&["10"]), at(1)).is_some());
    }

    #[test]
    fn a_window_that_makes_way_at_once_is_not_said_to_be_held() {
        let mut windows = Windows::default();
        for number in 0..WINDOWS_MAX - 1 {
            windows.put(key_of(&[&number.to_string()]), window(1000), at(0));
        }
        let (last, short) = (key_of(&["last"]), key_of(&["short"]));
        assert_eq!(windows.put(last, window(10), at(0)), [(last, Some(window(10)))]);
        assert_eq!(windows.put(short, window(9), at(0)), [(short, None)], "one too many");
        assert_eq!((windows.len(), windows.at(short, at(0))), (WINDOWS_MAX, None));
        assert_eq!(windows.at(last, at(9)), Some(window(10)));
    }
}

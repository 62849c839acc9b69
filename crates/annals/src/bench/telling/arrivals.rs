//! What has come to a receiver, and when.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};

use super::super::latency::Latencies;

/// What has come, by the name it comes under.
#[derive(Debug, Default)]
pub(in crate::bench) struct Arrivals(Mutex<Came>);

#[derive(Debug, Default)]
struct Came {
    first: HashMap<String, Instant>,
    again: Option<String>,
}

impl Arrivals {
    /// Something came just now.
    pub(super) fn add(&self, name: String) {
        let now = Instant::now();
        let mut came = self.came();
        match came.first.entry(name) {
            Entry::Vacant(place) => drop(place.insert(now)),
            Entry::Occupied(place) => came.again = Some(place.key().clone()),
        }
    }

    /// How much has come.
    pub(super) fn count(&self) -> usize {
        self.came().first.len()
    }

    /// How long after it was due each came; all of them must be expected, and must have come once.
    pub(super) fn latencies(
        &self,
        expected: &HashMap<String, u64>,
        due: impl Fn(u64) -> Instant,
    ) -> anyhow::Result<Latencies> {
        let came = self.came();
        if let Some(name) = &came.again {
            bail!("{name} came twice");
        }
        let mut latencies = Latencies::default();
        for (name, at) in &came.first {
            let number = expected.get(name).with_context(|| format!("{name} was not to come"))?;
            latencies.add(at.saturating_duration_since(due(*number)));
        }
        Ok(latencies)
    }

    /// Nothing that holds the lock can leave it half done.
    fn came(&self) -> MutexGuard<'_, Came> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_or_was_not_expected_fails_the_run() {
        let arrivals = Arrivals::default();
        let now = Instant::now();
        arrivals.add("one".into());
        let expected = HashMap::from([("one".to_owned(), 1)]);
        assert_eq!(arrivals.latencies(&expected, |_| now).unwrap().summary()["count"], 1);
        assert!(arrivals.latencies(&HashMap::new(), |_| now).is_err());
        arrivals.add("one".into());
        assert!(arrivals.latencies(&expected, |_| now).is_err());
        assert_eq!(arrivals.count(), 1);
    }
}

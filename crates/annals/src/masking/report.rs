//! What rules would hide: counted, with examples that do not tell the secrets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use annals_domain::Event;
use annals_domain::catalogue::Catalogue;
use annals_domain::masking::Masker;

/// Fields of which the report tells; the rest is counted together.
const FIELDS_MAX: usize = 500;
/// Examples of a rule in a field.
const EXAMPLES_MAX: usize = 3;

/// Gathers what is found.
pub(super) struct Report<'a> {
    masker: &'a Masker,
    catalogue: &'a Catalogue,
    pub(super) events: u64,
    masked: u64,
    /// By rule and field.
    found: BTreeMap<(String, String), Found>,
    elsewhere: u64,
    /// What could not be looked at.
    pub(super) skipped: u64,
    spent: Duration,
}

#[derive(Default)]
struct Found {
    times: u64,
    examples: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(masker: &'a Masker, catalogue: &'a Catalogue) -> Self {
        Self {
            masker,
            catalogue,
            events: 0,
            masked: 0,
            found: BTreeMap::new(),
            elsewhere: 0,
            skipped: 0,
            spent: Duration::ZERO,
        }
    }

    /// Looks at one event.
    pub(super) fn look(&mut self, event: &mut Event) {
        // Nothing is kept of it, so any word stands for a pseudonym.
        let pseudonym = |_: &str, _: &str| "a".repeat(26);
        let begun = Instant::now();
        let masked = self.masker.mask(event, self.catalogue, &pseudonym);
        self.spent += begun.elapsed();
        self.events += 1;
        self.masked += u64::from(!masked.is_empty());
        for one in masked {
            let key = (one.rule, field_of(&one.path));
            if self.found.len() >= FIELDS_MAX && !self.found.contains_key(&key) {
                self.elsewhere += 1;
                continue;
            }
            let found = self.found.entry(key).or_default();
            found.times += 1;
            if found.examples.len() < EXAMPLES_MAX && !found.examples.contains(&one.hint) {
                found.examples.push(one.hint);
            }
        }
    }

    /// The report as text.
    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        if !self.found.is_empty() {
            told = format!(
                "{:<16} {:>8}  {:<44} {}\n",
                "RULE", "TIMES", "FIELD", "BEGINS WITH (CHARACTERS)"
            );
        }
        for ((rule, field), found) in &self.found {
            let (times, examples) = (found.times, found.examples.join(", "));
            told += &format!("{rule:<16} {times:>8}  {field:<44} {examples}\n");
        }
        if self.elsewhere > 0 {
            told += &format!("and {} times in other fields\n", self.elsewhere);
        }
        if self.skipped > 0 {
            told += &format!("{} could not be read as events\n", self.skipped);
        }
        let each = self.spent.as_secs_f64() * 1e6 / self.events.max(1) as f64;
        told + &format!(
            "{} events, {} of them would be masked, {each:.1} us each; nothing was changed\n",
            self.events, self.masked
        )
    }
}

/// The path with places in lists left out.
fn field_of(path: &str) -> String {
    let mut field = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' if inside => {
                inside = false;
                field.push_str("[]");
            }
            c if !inside => field.push(c),
            _ => {}
        }
    }
    field
}

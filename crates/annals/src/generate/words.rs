//! A vocabulary for descriptions: frequent words of the trade, then made-up ones.

use std::collections::HashSet;

use super::random::{Random, Zipf};

/// How many words there are.
const VOCABULARY: usize = 5_000;
/// The made-up words are the same for every seed, so that searches can be compared.
const SPELLING: u64 = 0x0a11_a15d;

const FREQUENT: &[&str] = &[
    "the",
    "of",
    "for",
    "record",
    "user",
    "to",
    "by",
    "request",
    "account",
    "after",
    "with",
    "patient",
    "from",
    "was",
    "review",
    "and",
    "on",
    "update",
    "claim",
    "access",
    "during",
    "new",
    "system",
    "in",
    "portal",
    "appointment",
    "session",
    "benefit",
    "document",
    "data",
    "verified",
    "approved",
    "changed",
    "because",
    "address",
    "policy",
    "report",
    "service",
    "phone",
    "letter",
    "scheduled",
    "annual",
    "records",
    "clinic",
    "office",
    "form",
    "payment",
    "follow",
    "up",
    "opened",
    "mobile",
    "web",
    "checked",
    "contact",
    "information",
    "reference",
    "team",
    "case",
    "regular",
    "automatic",
    "manual",
    "import",
    "export",
    "invoice",
    "order",
    "transfer",
    "refund",
    "security",
    "standard",
    "process",
    "result",
    "laboratory",
    "medication",
    "insurance",
    "family",
    "emergency",
    "support",
    "ticket",
    "migration",
    "quarterly",
    "monthly",
    "daily",
    "batch",
    "pharmacy",
    "provider",
    "referral",
    "consent",
    "delivery",
    "confirmed",
    "pending",
    "expired",
    "renewed",
    "corrected",
    "duplicate",
    "missing",
    "urgent",
    "previous",
    "current",
    "additional",
];
const STARTS: &[&str] = &[
    "b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl",
    "qu", "r", "s", "st", "t", "tr", "v", "w", "",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ea"];
const ENDS: &[&str] = &["", "", "n", "r", "l", "s", "t", "nd", "st", "rm", "ck", "nt"];

/// The vocabulary, most frequent words first.
pub(super) struct Words {
    words: Vec<String>,
    law: Zipf,
}

impl Words {
    pub(super) fn new() -> Self {
        let mut words: Vec<String> = FREQUENT.iter().map(|&word| word.to_owned()).collect();
        let mut known: HashSet<String> = words.iter().cloned().collect();
        let mut random = Random::new(SPELLING);
        while words.len() < VOCABULARY {
            let word = made_up(&mut random);
            if known.insert(word.clone()) {
                words.push(word);
            }
        }
        Self { words, law: Zipf::new(VOCABULARY as u64) }
    }

    /// A word, after Zipf's law.
    pub(super) fn draw(&self, random: &mut Random) -> &str {
        &self.words[self.law.draw(random) as usize]
    }

    /// So many words.
    pub(super) fn several<'a>(
        &'a self,
        random: &'a mut Random,
        count: u64,
    ) -> impl Iterator<Item = &'a str> {
        (0..count).map(|_| self.draw(random))
    }
}

/// Two or three syllables; there are millions of these, so a new one is soon found.
fn made_up(random: &mut Random) -> String {
    let mut word = String::new();
    for _ in 0..random.between(2, 3) {
        word += random.pick(STARTS);
        word += random.pick(VOWELS);
    }
    word + random.pick(ENDS)
}

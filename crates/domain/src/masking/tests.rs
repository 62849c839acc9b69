use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::examples::{admitted, catalogue};

mod assignments;
mod detectors;
mod hostile;
mod identifiers;
mod rules;
mod searching;
mod sent;
mod whole;

static SHIPPED: LazyLock<Masker> = LazyLock::new(Masker::shipped);

/// Stands for a keyed function: what is written depends on both, and has the right form.
fn pseudonym(rule: &str, value: &str) -> String {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for byte in rule.bytes().chain([0]).chain(value.bytes()) {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (0..26).map(|at| char::from(b'a' + ((sum >> (at * 2)) % 26) as u8)).collect()
}

fn masked_text(text: &str) -> String {
    SHIPPED.mask_text(text, &pseudonym).unwrap_or_else(|| text.to_owned())
}

fn masked_with(masker: &Masker, json: Value) -> (Value, Vec<Masked>) {
    let mut event = admitted(json).unwrap();
    let masked = masker.mask(&mut event, catalogue(), &pseudonym);
    (serde_json::to_value(&event).unwrap(), masked)
}

fn masked(json: Value) -> (Value, Vec<Masked>) {
    masked_with(&SHIPPED, json)
}

fn event_with(metadata: Value) -> Value {
    json!({ "type": "invoice.viewed", "user_id": "ann", "metadata": metadata })
}

//! What a question was about, without what it asked for: field names stay, values go.

use crate::filter::{Filter, Test};

/// Longer shapes are cut here.
const BYTES_MAX: usize = 1000;

/// The shape of a filter, such as `actor.id:? after:? (type:? OR type:?)`.
pub fn shape_of(filter: &Filter) -> String {
    let mut shape = String::new();
    write(filter, &mut shape, false);
    if shape.len() > BYTES_MAX {
        let end = (0..=BYTES_MAX).rev().find(|end| shape.is_char_boundary(*end)).unwrap_or(0);
        shape.truncate(end);
        shape.push('…');
    }
    shape
}

fn write(filter: &Filter, shape: &mut String, nested: bool) {
    // What lies far beyond the end need not be written.
    if shape.len() > 2 * BYTES_MAX {
        return;
    }
    match filter {
        Filter::All => shape.push('*'),
        Filter::And(filters) => list(filters, " ", shape, nested),
        Filter::Or(filters) => list(filters, " OR ", shape, nested),
        Filter::Not(filter) => {
            shape.push('-');
            write(filter, shape, true);
        }
        Filter::Field(field, test) => {
            let test = match test {
                Test::Exists => ":*",
                Test::Equals(_) => ":?",
                Test::Like(_) => ":?*",
                Test::Number(_) => ":?..?",
                Test::Network(_) => ":?/?",
            };
            shape.push_str(&shown(&field.0));
            shape.push_str(test);
        }
        Filter::Text(text) => {
            let words = vec!["?"; text.words.len()].join(" ");
            let prefix = if text.prefix { "*" } else { "" };
            shape.push_str(&format!("\"{words}{prefix}\""));
        }
        Filter::Near(_) => shape.push_str("?~"),
        Filter::Occurred(_) => shape.push_str("occurred:?"),
        Filter::Received(_) => shape.push_str("recorded:?"),
    }
}

/// Keys of the caller's choice may themselves tell something, and are cut.
fn shown(path: &str) -> String {
    path.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn list(filters: &[Filter], between: &str, shape: &mut String, nested: bool) {
    if nested {
        shape.push('(');
    }
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            shape.push_str(between);
        }
        write(filter, shape, true);
    }
    if nested {
        shape.push(')');
    }
}

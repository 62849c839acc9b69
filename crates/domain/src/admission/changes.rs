//! What differs between two objects, as JSON pointers (RFC 6901).

use serde_json::Value;

use crate::event::{Change, ChangeOperation};

/// Lists the values that differ, by path; stops at `max`.
///
/// Objects are compared key by key, everything else as a whole: a list in which one item moved is
/// one change, which people read more easily than a chain of index shifts. `null` and nothing are
/// the same, and so are an empty object and nothing once its values are listed.
pub fn changes_between(before: &Value, after: &Value, max: usize) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut String::new(), before, after, max, &mut changes);
    changes
}

fn compare(path: &mut String, before: &Value, after: &Value, max: usize, into: &mut Vec<Change>) {
    if before == after || into.len() >= max {
        return;
    }
    let nothing = Value::Null;
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let length = path.len();
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                let (old, new) = (old.get(key), new.get(key));
                compare(path, old.unwrap_or(&nothing), new.unwrap_or(&nothing), max, into);
                path.truncate(length);
            }
        }
        // From nothing to an object, and back: each of its values was added or removed.
        (Value::Null, Value::Object(new)) if !new.is_empty() => {
            compare(path, &Value::Object(Default::default()), after, max, into);
        }
        (Value::Object(old), Value::Null) if !old.is_empty() => {
            compare(path, before, &Value::Object(Default::default()), max, into);
        }
        _ => into.push(Change {
            path: path.clone(),
            op: match (before, after) {
                (Value::Null, _) => ChangeOperation::Add,
                (_, Value::Null) => ChangeOperation::Remove,
                _ => ChangeOperation::Replace,
            },
            before: before.clone(),
            after: after.clone(),
        }),
    }
}

#[cfg(test)]
mod tests;

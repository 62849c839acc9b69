//! Which fields have values that can be counted, listed and suggested.

use super::fields::{self, FieldKind};
use super::{shortened, suggestions};
use crate::filter::Field;

/// The field of that name, whose values are to be counted.
///
/// # Errors
/// In words: when there is no such field, when it has no values, or when it stands for several.
pub fn counted_field(name: &str) -> Result<Field, String> {
    let named = fields::find(name).ok_or_else(|| {
        let near = suggestions::nearest_field(name);
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("`{}` is no field{near}", shortened(name))
    })?;
    let name = named.info.name;
    match (named.info.kind, named.paths.as_slice()) {
        (FieldKind::Presence, _) => Err(format!("`{name}` is free text, which is not counted")),
        (
            FieldKind::Time(_)
            | FieldKind::Since(_)
            | FieldKind::Until(_)
            | FieldKind::Has
            | FieldKind::Class,
            _,
        ) => Err(format!("`{name}` has no values of its own; take a field such as `type`")),
        (_, [path]) => Ok(Field(path.clone())),
        (_, paths) => Err(format!("`{name}` stands for several; take `{}`", paths.join("` or `"))),
    }
}

/// The field of that name, whose numbers are to be summed up.
///
/// # Errors
/// In words: when it has no numbers.
pub fn number_field(name: &str) -> Result<Field, String> {
    let field = counted_field(name)?;
    let numeric = fields::find(name)
        .is_some_and(|named| matches!(named.info.kind, FieldKind::Number | FieldKind::Value));
    if numeric {
        return Ok(field);
    }
    Err(format!("`{}` holds no numbers; take one such as `metadata.amount`", shortened(name)))
}

#[cfg(test)]
mod tests;

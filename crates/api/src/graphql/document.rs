//! Looking at a GraphQL document before it is parsed and run.
//!
//! The parser bounds the nesting of selections but not of values, and recurses on both; a document
//! of a few kilobytes could end the process. So brackets are counted first, in one flat pass.

use annals_domain::limits::RequestLimits;
use async_graphql::Response;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::failure::refused_document;

/// Parses a document within the limits, or makes the answer that refuses it.
pub(super) fn checked(text: &str, limits: &RequestLimits) -> Result<ExecutableDocument, Response> {
    if brackets(text) > limits.graphql_brackets_max {
        let max = limits.graphql_brackets_max;
        let message = format!("the document is nested deeper than {max} brackets");
        return Err(refused_document("QUERY_TOO_COMPLEX", message));
    }
    let document = parse_query(text)
        .map_err(|error| refused_document("GRAPHQL_PARSE_FAILED", error.to_string()))?;
    let aliases = document.operations.iter().map(|(_, o)| aliases_in(&o.node.selection_set.node));
    let in_fragments = document.fragments.values().map(|f| aliases_in(&f.node.selection_set.node));
    if aliases.chain(in_fragments).sum::<usize>() > limits.graphql_aliases_max {
        let max = limits.graphql_aliases_max;
        let message = format!("the document has more than {max} aliases");
        return Err(refused_document("QUERY_TOO_COMPLEX", message));
    }
    Ok(document)
}

/// The deepest nesting of brackets of any kind, outside of strings and comments.
fn brackets(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut deepest, mut i) = (0usize, 0usize, 0usize);
    while i < bytes.len() {
        match bytes[i] {
            b'#' => {
                while i < bytes.len() && bytes[i] != b'\n' {
                    i += 1;
                }
            }
            b'"' => i = end_of_string(bytes, i),
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        i += 1;
    }
    deepest
}

/// Index of the last byte of the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut i = start + if block { 3 } else { 1 };
    while i < bytes.len() {
        match bytes[i] {
            b'\\' if block && bytes[i..].starts_with(b"\\\"\"\"") => i += 3,
            b'\\' if !block => i += 1,
            b'"' if block && bytes[i..].starts_with(b"\"\"\"") => return i + 2,
            b'"' if !block => return i,
            // A line's end also ends a broken string, so that nothing can hide behind it.
            b'\n' if !block => return i,
            _ => {}
        }
        i += 1;
    }
    bytes.len()
}

/// The parser has bounded the nesting of selections.
fn aliases_in(selections: &SelectionSet) -> usize {
    let of = |selection: &Selection| match selection {
        Selection::Field(field) => {
            usize::from(field.node.alias.is_some()) + aliases_in(&field.node.selection_set.node)
        }
        Selection::InlineFragment(fragment) => aliases_in(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    };
    selections.items.iter().map(|selection| of(&selection.node)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> RequestLimits {
        annals_domain::limits::Limits::shipped().request
    }

    #[test]
    fn brackets_count_outside_of_strings_and_comments_only() {
        assert_eq!(brackets("{a(x:[1]) # {{{{\n b(s:\"{{{\\\"{{\") c(s:\"\"\"{ \" { \\\"\"\" {\"\"\")}"), 3);
        assert_eq!(brackets("{a(s:\"unterminated\n){{}}}"), 3);
    }

    #[test]
    fn what_would_end_the_parser_is_refused_before_it() {
        for (open, close) in [("[", "]"), ("{x:", "}"), ("{a", "}")] {
            for depth in [1_300, 8_000, 100_000] {
                let text =
                    format!("{{a(x:{}1{})}}", open.repeat(depth), close.repeat(depth));
                let refused = checked(&text, &limits()).unwrap_err();
                assert!(refused.errors[0].message.contains("nested"), "{open} {depth}");
            }
        }
    }

    #[test]
    fn aliases_are_counted_up_to_the_limit() {
        let max = limits().graphql_aliases_max;
        let text = |count: usize| {
            let fields: Vec<String> = (0..count).map(|i| format!("a{i}: me {{ id }}")).collect();
            format!("{{ {} }}", fields.join(" "))
        };
        assert!(checked(&text(max), &limits()).is_ok());
        assert!(checked(&text(max + 1), &limits()).is_err());
    }
}

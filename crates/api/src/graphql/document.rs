//! Looking at a GraphQL document before it is parsed and run.
//!
//! The parser bounds the nesting of selections but not of values, and recurses on both; a document
//! of a few kilobytes could end the process. So brackets are counted first, in one flat pass. Then
//! the document is measured with its fragments spread out, without spreading them out: validation
//! does that, and forty fragments that each name the next one twice would keep it busy for years.

mod brackets;
mod measure;

use annals_domain::limits::RequestLimits;
use async_graphql::Response;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;

use measure::Unmeasurable;

use super::failure::refused_document;

/// Longer names and numbers mean nothing; to tell which name was meant would take long.
const WORD_BYTES_MAX: usize = 256;

/// Parses a document within the limits, or makes the answer that refuses it.
pub(super) fn checked(
    text: &str,
    limits: &RequestLimits,
) -> Result<ExecutableDocument, Box<Response>> {
    bounded("bytes", text.len(), limits.graphql_document_bytes_max)?;
    let shape = brackets::shape(text);
    bounded("brackets in brackets", shape.nesting, limits.graphql_brackets_max)?;
    bounded("words and signs", shape.tokens, limits.graphql_tokens_max)?;
    bounded("bytes in one word", shape.word_bytes, WORD_BYTES_MAX)?;
    let document = parse_query(text)
        .map_err(|error| refused_document("GRAPHQL_PARSE_FAILED", error.to_string()))?;
    let levels_max = limits.graphql_brackets_max;
    let measure = measure::of(&document, levels_max).map_err(|reason| match reason {
        Unmeasurable::Circular => {
            refused_document("GRAPHQL_VALIDATION_FAILED", "a fragment is part of itself")
        }
        Unmeasurable::TooDeep => too_complex("selections in selections", levels_max),
    })?;
    bounded("fields", measure.fields, limits.graphql_complexity_max)?;
    bounded("aliases", measure.aliases, limits.graphql_aliases_max)?;
    let lists = measure.introspection_lists;
    bounded("lists in lists of the schema", lists, limits.graphql_introspection_max)?;
    Ok(document)
}

fn bounded(what: &str, count: usize, max: usize) -> Result<(), Box<Response>> {
    if count <= max {
        return Ok(());
    }
    Err(too_complex(what, max))
}

fn too_complex(what: &str, max: usize) -> Box<Response> {
    let message = format!("the document has more than {max} {what}");
    refused_document("QUERY_TOO_COMPLEX", message)
}

#[cfg(test)]
mod tests;

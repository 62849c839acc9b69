//! What a query could go on with.

use annals_domain::query::ChoiceKind;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use super::failure::failed;
use super::permissions::{Allowed, Root};
use super::query::reader;
use crate::completing::{self, Offer};

#[derive(Default)]
pub(crate) struct CompletionsQuery;

/// What could be written at a place of a query.
#[derive(SimpleObject)]
struct Completions {
    /// The first character that the chosen text replaces, counted from 0.
    start: usize,
    /// The character behind the last that it replaces.
    end: usize,
    /// The field whose value is written there; null where a name or word is.
    field: Option<&'static str>,
    /// Best first.
    offers: Vec<Completion>,
    /// Whether there was time to count all events.
    complete: bool,
}

/// Something that could be written.
#[derive(SimpleObject)]
struct Completion {
    /// What it is.
    kind: CompletionKind,
    /// What to write.
    text: String,
    /// What it means.
    description: Option<&'static str>,
    /// How many events have the value, of those that the rest of the query finds.
    count: Option<u64>,
}

/// What an offer is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum CompletionKind {
    /// Name of a field, mostly with `:`.
    Field,
    /// A field with an operator that compares.
    Operator,
    /// `AND`, `OR` or `NOT`.
    Keyword,
    /// A value.
    Value,
}

impl From<ChoiceKind> for CompletionKind {
    fn from(kind: ChoiceKind) -> Self {
        match kind {
            ChoiceKind::Field => Self::Field,
            ChoiceKind::Operator => Self::Operator,
            ChoiceKind::Keyword => Self::Keyword,
            ChoiceKind::Value => Self::Value,
        }
    }
}

#[Object(guard = "Allowed(Root::Query)")]
impl CompletionsQuery {
    /// What could be written at the cursor of a query: names of fields, words, and values of the
    /// events that the rest of the query finds.
    #[graphql(complexity = 50)]
    async fn completions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "As much of the query as is written.")] query: String,
        #[graphql(desc = "Characters before the cursor; the end when not given.")] cursor: Option<
            usize,
        >,
        #[graphql(desc = "How many offers, 1 to 100.", default = 20)] first: usize,
    ) -> Result<Completions> {
        let (api, caller) = reader(context)?;
        let found = completing::complete(api, caller, &query, cursor, Some(first));
        let found = found.await.map_err(failed)?;
        let offer = |Offer { kind, text, description, count }| Completion {
            kind: kind.into(),
            text,
            description,
            count,
        };
        Ok(Completions {
            start: found.start,
            end: found.end,
            field: found.field,
            offers: found.offers.into_iter().map(offer).collect(),
            complete: found.complete,
        })
    }
}

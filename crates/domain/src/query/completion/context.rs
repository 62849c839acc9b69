//! What the rest of a query asks for while one of its conditions is written.

use super::place::Place;
use super::{QueryContext, Token, lexer};
use crate::filter::Filter;
use crate::query::parse;

/// The filter of the query without the condition at the cursor: every event that could be found,
/// whatever is written there. All events, when the rest cannot be read.
pub(super) fn rest_of(text: &str, place: &Place, context: &QueryContext<'_>) -> Filter {
    let (before, behind) = (&text[..place.condition.start], &text[place.condition.end..]);
    // Something that narrows nothing: everything, or nothing where it is negated.
    let open = if place.is_negated { "-*" } else { "*" };
    let mut rest = format!("{before}{open}{behind}");
    let Ok(tokens) = lexer::tokens(&rest) else { return Filter::All };
    let opened = |token: &Token<'_>| matches!(token, Token::Open | Token::Group { .. });
    let opened = tokens.iter().filter(|placed| opened(&placed.token)).count();
    let closed = tokens.iter().filter(|placed| placed.token == Token::Close).count();
    rest.push_str(&")".repeat(opened.saturating_sub(closed)));
    parse(&rest, context).unwrap_or(Filter::All)
}

//! What stands around the cursor.

use std::ops::Range;

use super::{Operator, Placed, Token, lexer};

/// Stands for what will be written at the cursor, so that there is something. From the range of
/// Unicode that means nothing.
const CURSOR: char = '\u{E000}';

/// The condition or word that the cursor stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Name of the field before it; `None` where a name or a word is written.
    pub(super) field: Option<String>,
    pub(super) operator: Operator,
    /// What was written before the cursor, without quotation marks.
    pub(super) prefix: String,
    /// Whether there is a star in it, so that it is a pattern and no value.
    pub(super) has_star: bool,
    /// Whether it stands in quotation marks.
    pub(super) is_quoted: bool,
    /// Whether it stands in the parentheses of a field.
    pub(super) in_group: bool,
    /// Whether something stands before it that it can be joined with.
    pub(super) goes_on: bool,
    /// The value, name or word.
    pub(super) replace: Range<usize>,
    /// The whole condition.
    pub(super) condition: Range<usize>,
    /// Whether the condition is negated, all in all.
    pub(super) is_negated: bool,
}

impl Place {
    /// What stands around the cursor, if it can be understood.
    pub(super) fn of(text: &str, cursor: usize) -> Option<Self> {
        let mut head = format!("{}{CURSOR}", &text[..cursor]);
        let mut is_open = false;
        if lexer::tokens(&head).is_err() {
            // Perhaps only a closing quotation mark is missing.
            head.push('"');
            is_open = true;
        }
        let tokens = lexer::tokens(&head).ok()?;
        let (last, before) = tokens.split_last()?;
        let surroundings = Surroundings::of(before);
        let (field, operator, word) = match &last.token {
            Token::Condition { name, operator, values } => {
                (Some(name.text.clone()), *operator, values.last()?)
            }
            Token::Bare { operator, words } => {
                let (field, outer) = match surroundings.group {
                    Some((name, outer)) => (Some(name.to_owned()), outer),
                    None => (None, Operator::Is),
                };
                // The nearer operator wins.
                let operator = if *operator == Operator::Is { outer } else { *operator };
                (field, operator, words.last()?)
            }
            _ => return None,
        };
        let is_name = field.is_none();
        let end = end_of(&text[cursor..], is_open, is_name, true) + cursor;
        let ends = end_of(&text[cursor..], is_open, false, false) + cursor;
        let condition = match last.token {
            // In a list the other values stay.
            Token::Bare { .. } => word.at..end,
            _ => last.at..ends,
        };
        Some(Self {
            operator,
            prefix: word.text.strip_suffix(CURSOR)?.to_owned(),
            has_star: !word.stars.is_empty(),
            is_quoted: word.quoted,
            in_group: surroundings.group.is_some(),
            goes_on: surroundings.goes_on,
            replace: word.at..end,
            condition,
            is_negated: surroundings.is_negated,
            field,
        })
    }
}

/// How many bytes behind the cursor belong to what it stands in.
fn end_of(tail: &str, is_open: bool, is_name: bool, ends_at_comma: bool) -> usize {
    let mut is_open = is_open;
    let mut escaped = false;
    for (at, c) in tail.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if is_open => escaped = true,
            '"' => is_open = !is_open,
            _ if is_open => {}
            ',' if ends_at_comma => return at,
            ':' | '=' | '<' | '>' if is_name => return at,
            c if c.is_whitespace() || matches!(c, '(' | ')') => return at,
            _ => {}
        }
    }
    // A mark that is never closed reaches to the end of the query, which nobody means.
    if is_open { 0 } else { tail.len() }
}

struct Surroundings<'a> {
    group: Option<(&'a str, Operator)>,
    is_negated: bool,
    goes_on: bool,
}

impl<'a> Surroundings<'a> {
    fn of(tokens: &'a [Placed<'a>]) -> Self {
        let mut open: Vec<(bool, Option<(&str, Operator)>)> = vec![(false, None)];
        let mut negated = false;
        for placed in tokens {
            let (outer, group) = open.last().copied().unwrap_or_default();
            match &placed.token {
                Token::Not => {
                    negated = !negated;
                    continue;
                }
                Token::Open => open.push((outer ^ negated, group)),
                Token::Group { name, operator } => {
                    open.push((outer ^ negated, Some((&name.text, *operator))));
                }
                Token::Close => drop(open.pop()),
                _ => {}
            }
            negated = false;
        }
        let (outer, group) = open.last().copied().unwrap_or_default();
        let last = tokens.last().map(|placed| &placed.token);
        let goes_on =
            matches!(last, Some(Token::Close | Token::Condition { .. } | Token::Bare { .. }));
        Self { group, is_negated: outer ^ negated, goes_on }
    }
}

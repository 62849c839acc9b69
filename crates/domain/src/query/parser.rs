//! From tokens to a filter: `OR` binds least, then `AND` or nothing, then `NOT` or `-`.

use super::conditions::{self, any_of};
use super::fields::{self, Named};
use super::lexer::{Operator, Placed, Token, Word, no_field};
use super::suggestions::nearest_field;
use super::{Problem, QueryContext, shortened};
use crate::filter::Filter;

/// Nesting that is refused whatever the limits say: the parser calls itself once a level.
const DEPTH_MAX: usize = 64;

/// The filter that the tokens of a text of `end` bytes mean.
pub(super) fn filter(
    tokens: &[Placed<'_>],
    end: usize,
    context: &QueryContext<'_>,
) -> Result<Filter, Problem> {
    if tokens.is_empty() {
        return Ok(Filter::All);
    }
    let mut parser = Parser { tokens, next: 0, end, context, terms: 0 };
    let filter = parser.alternatives(0, None)?;
    match parser.tokens.get(parser.next) {
        None => Ok(filter),
        Some(placed) => Err(Problem::new(
            placed.at,
            "this parenthesis closes nothing",
            "an opening `(` before it, or quotation marks around text",
        )),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed<'a>],
    next: usize,
    /// Where the text ends, for problems with what is missing there.
    end: usize,
    context: &'a QueryContext<'a>,
    terms: usize,
}

/// The field and operator before a group: `type:(…)`.
#[derive(Clone, Copy)]
struct Group<'a> {
    field: &'a Named,
    operator: Operator,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |placed| placed.at)
    }

    fn alternatives(&mut self, depth: usize, group: Option<Group<'_>>) -> Result<Filter, Problem> {
        let mut filters = vec![self.sequence(depth, group)?];
        while self.peek() == Some(&Token::Or) {
            self.next += 1;
            filters.push(self.sequence(depth, group)?);
        }
        Ok(any_of(filters))
    }

    fn sequence(&mut self, depth: usize, group: Option<Group<'_>>) -> Result<Filter, Problem> {
        let mut filter = self.negation(depth, group)?;
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => return Ok(filter),
                Some(Token::And) => self.next += 1,
                Some(_) => {}
            }
            filter = filter.and(self.negation(depth, group)?);
        }
    }

    fn negation(&mut self, depth: usize, group: Option<Group<'_>>) -> Result<Filter, Problem> {
        let mut depth = depth;
        let mut negated = false;
        while self.peek() == Some(&Token::Not) {
            depth = self.deeper(depth)?;
            negated = !negated;
            self.next += 1;
        }
        let filter = self.primary(depth, group)?;
        Ok(if negated { negation_of(filter) } else { filter })
    }

    fn primary(&mut self, depth: usize, group: Option<Group<'_>>) -> Result<Filter, Problem> {
        let at = self.at();
        match self.peek() {
            Some(Token::Open) => self.parenthesis(depth, group),
            Some(Token::Group { name, operator }) => {
                if group.is_some() {
                    return Err(nested_field(name));
                }
                let field = named(name)?;
                self.parenthesis(depth, Some(Group { field: &field, operator: *operator }))
            }
            Some(Token::Condition { name, operator, values }) => {
                if group.is_some() {
                    return Err(nested_field(name));
                }
                self.next += 1;
                let field = named(name)?;
                self.values(&field, *operator, values)
            }
            Some(Token::Bare { operator, words }) => {
                self.next += 1;
                self.bare(*operator, words, group)
            }
            Some(Token::And | Token::Or) => Err(Problem::new(
                at,
                "`AND` and `OR` stand between two conditions",
                "a condition; the word itself is written in lower case or in quotation marks",
            )),
            Some(Token::Close) | None => Err(Problem::new(
                at,
                "something is missing here",
                "a word, or a condition such as `type:user.*`",
            )),
            // Taken by `negation`.
            Some(Token::Not) => self.negation(depth, group),
        }
    }

    fn parenthesis(&mut self, depth: usize, group: Option<Group<'_>>) -> Result<Filter, Problem> {
        let depth = self.deeper(depth)?;
        let open = self.at();
        self.next += 1;
        let filter = self.alternatives(depth, group)?;
        if self.peek() != Some(&Token::Close) {
            return Err(Problem::new(open, "the parenthesis is not closed", "a closing `)`"));
        }
        self.next += 1;
        Ok(filter)
    }

    fn bare(
        &mut self,
        operator: Operator,
        words: &[Word<'_>],
        group: Option<Group<'_>>,
    ) -> Result<Filter, Problem> {
        if let Some(group) = group {
            // `severity:(>=error OR info)`: the nearer operator wins, and only one may compare.
            let operators = (group.operator, operator);
            return match operators {
                (Operator::Is, operator) | (operator, Operator::Is) => {
                    self.values(group.field, operator, words)
                }
                _ => Err(no_field(words[0].at)),
            };
        }
        let mut filter = Filter::All;
        for word in words {
            let text = conditions::text(word, self.context.limits)?;
            self.count(word.at, &text)?;
            filter = filter.and(text);
        }
        Ok(filter)
    }

    fn values(
        &mut self,
        field: &Named,
        operator: Operator,
        values: &[Word<'_>],
    ) -> Result<Filter, Problem> {
        if let [_, second, ..] = values
            && operator != Operator::Is
        {
            return Err(Problem::new(
                second.at,
                "only one value can be compared with",
                "one value, or a list behind `:`",
            ));
        }
        let mut filters = Vec::with_capacity(values.len());
        for word in values {
            let filter = conditions::condition(field, operator, word, self.context)?;
            self.count(word.at, &filter)?;
            filters.push(filter);
        }
        Ok(any_of(filters))
    }

    fn deeper(&self, depth: usize) -> Result<usize, Problem> {
        let depth_max = self.context.limits.depth_max.min(DEPTH_MAX);
        if depth >= depth_max {
            return Err(Problem::new(
                self.at(),
                "parentheses and negations are nested too deeply",
                format!("at most {depth_max} levels"),
            ));
        }
        Ok(depth + 1)
    }

    fn count(&mut self, at: usize, filter: &Filter) -> Result<(), Problem> {
        self.terms += conditions::terms_in(filter);
        let terms_max = self.context.limits.terms_max;
        if self.terms > terms_max {
            return Err(Problem::new(
                at,
                "the query has too many conditions",
                format!("at most {terms_max}, each word of a phrase counted"),
            ));
        }
        Ok(())
    }
}

/// Twice negated is not negated.
fn negation_of(filter: Filter) -> Filter {
    match filter {
        Filter::Not(filter) => *filter,
        filter => Filter::Not(Box::new(filter)),
    }
}

fn named(name: &Word<'_>) -> Result<Named, Problem> {
    fields::find(&name.text).ok_or_else(|| {
        if let Some(field) = name.text.strip_suffix('!') {
            return Problem::new(
                name.at + name.raw.len() - 1,
                "there is no operator `!=`",
                format!("`-` before the condition, such as `-{}:…`", shortened(field)),
            );
        }
        unknown_field(name.at, &name.text)
    })
}

pub(super) fn unknown_field(at: usize, name: &str) -> Problem {
    Problem::new(
        at,
        format!("there is no field `{}`", shortened(name)),
        "a field name before the operator, or quotation marks around text that holds `:`, `=`, \
         `<` or `>`",
    )
    .suggesting(nearest_field(name))
}

fn nested_field(name: &Word<'_>) -> Problem {
    Problem::new(
        name.at,
        "a field cannot be named inside the parentheses of another",
        "values only; put a value that holds `:`, `=`, `<` or `>` in quotation marks",
    )
}

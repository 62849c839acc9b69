//! Cuts a query into parentheses, connecting words and conditions.

use std::net::IpAddr;

use super::Problem;

/// A part of a query and the byte it begins at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `AND`
    And,
    /// `OR`
    Or,
    /// `NOT`, or `-` before what it negates.
    Not,
    /// `type:user.*,admin.*`
    Condition { name: Word<'a>, operator: Operator, values: Vec<Word<'a>> },
    /// `type:(`
    Group { name: Word<'a>, operator: Operator },
    /// Words without a field: one, or inside a group a list.
    Bare { operator: Operator, words: Vec<Word<'a>> },
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `:` or `=`
    Is,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

/// A run of characters without a gap; parts of it may stand in quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// As written.
    pub(super) raw: &'a str,
    /// Without quotation marks and without the stars outside of them.
    pub(super) text: String,
    /// Where in `text` the stars stood that make a pattern.
    pub(super) stars: Vec<usize>,
    /// Whether any part stood in quotation marks.
    pub(super) quoted: bool,
    /// Byte of the query that it begins at.
    pub(super) at: usize,
}

impl<'a> Word<'a> {
    /// A word that is not part of a query: `*` makes a pattern, nothing else is special.
    pub(super) fn unquoted(raw: &'a str) -> Self {
        let mut word = Word { raw, text: String::new(), stars: Vec::new(), quoted: false, at: 0 };
        for c in raw.chars() {
            word.push(c);
        }
        word
    }

    /// The word where a star means nothing special.
    pub(super) fn plain(&self) -> &str {
        if self.quoted { &self.text } else { self.raw }
    }

    fn push(&mut self, c: char) {
        match c {
            '*' => self.stars.push(self.text.len()),
            c => self.text.push(c),
        }
    }
}

/// Cuts the whole text; there are at most as many tokens as bytes.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed<'_>>, Problem> {
    let mut scanner = Scanner { text, at: 0, depth: 0, group: None };
    let mut tokens = Vec::new();
    while let Some(c) = scanner.skip_spaces() {
        let at = scanner.at;
        let token = match c {
            '(' => scanner.open(Token::Open),
            ')' => scanner.close(),
            '-' if scanner.negates() => scanner.take(Token::Not),
            _ => scanner.term()?,
        };
        tokens.push(Placed { token, at });
    }
    Ok(tokens)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Parentheses that are open.
    depth: usize,
    /// How many were open where the group began that this is inside of.
    group: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_spaces(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.peek()
    }

    /// Passes over one ASCII character.
    fn take<T>(&mut self, token: T) -> T {
        self.at += 1;
        token
    }

    fn open(&mut self, token: Token<'a>) -> Token<'a> {
        if matches!(token, Token::Group { .. }) {
            self.group.get_or_insert(self.depth);
        }
        self.depth += 1;
        self.take(token)
    }

    fn close(&mut self) -> Token<'a> {
        self.depth = self.depth.saturating_sub(1);
        if self.group == Some(self.depth) {
            self.group = None;
        }
        self.take(Token::Close)
    }

    /// Passes over `wanted` if it stands here.
    fn skip(&mut self, wanted: char) -> bool {
        let here = self.peek() == Some(wanted);
        if here {
            self.at += wanted.len_utf8();
        }
        here
    }

    /// Whether the `-` here stands before something that it can negate.
    fn negates(&self) -> bool {
        let next = self.rest().chars().nth(1);
        next.is_some_and(|c| !c.is_whitespace() && c != ')')
    }

    fn term(&mut self) -> Result<Token<'a>, Problem> {
        let start = self.at;
        let Some(name) = self.name()? else {
            self.at = start;
            return self.bare();
        };
        let operator = self.operator().unwrap_or(Operator::Is);
        if self.peek() == Some('(') {
            return Ok(self.open(Token::Group { name, operator }));
        }
        Ok(Token::Condition { name, operator, values: self.values()? })
    }

    /// A field name, if one stands here with an operator behind it.
    fn name(&mut self) -> Result<Option<Word<'a>>, Problem> {
        let at = self.at;
        if !self.peek().is_some_and(|c| c.is_alphabetic() || c == '_') || self.is_address() {
            return Ok(None);
        }
        let mut name = Word { raw: "", text: String::new(), stars: vec![], quoted: false, at };
        while let Some(c) = self.peek() {
            match c {
                ':' | '=' | '<' | '>' => {
                    name.raw = &self.text[at..self.at];
                    return Ok(Some(name));
                }
                '"' if name.text.ends_with('.') => self.quoted(&mut name)?,
                c if c.is_whitespace() || matches!(c, '(' | ')' | ',' | '*' | '"') => break,
                c => {
                    name.text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Ok(None)
    }

    /// Whether an address stands here, such as `fe80::1`, whose `:` is no operator.
    fn is_address(&self) -> bool {
        let end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
        let word = self.rest().split(end).next().unwrap_or_default();
        word.parse::<IpAddr>().is_ok()
    }

    fn operator(&mut self) -> Option<Operator> {
        let plain = self.skip(':') || self.skip('=');
        let operator = match self.peek() {
            Some('>') => Operator::Above,
            Some('<') => Operator::Below,
            // `==`, and `:=`
            Some('=') => return self.take(Some(Operator::Is)),
            _ => return plain.then_some(Operator::Is),
        };
        self.at += 1;
        Some(match (operator, self.skip('=')) {
            (Operator::Above, true) => Operator::AtLeast,
            (Operator::Below, true) => Operator::AtMost,
            (operator, _) => operator,
        })
    }

    fn values(&mut self) -> Result<Vec<Word<'a>>, Problem> {
        let mut values = vec![self.value()?];
        while self.skip(',') {
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Word<'a>, Problem> {
        let word = self.word(true)?;
        if word.raw.is_empty() {
            return Err(Problem::new(
                self.at,
                "there is no value here",
                "a value right behind the operator or comma, such as `type:user.*,admin.*`; an \
                 empty one is `\"\"`",
            ));
        }
        Ok(word)
    }

    fn bare(&mut self) -> Result<Token<'a>, Problem> {
        let start = self.at;
        let operator = match (self.group, self.peek()) {
            // `::1` is a value.
            (Some(_), Some('<' | '>')) | (None, _) => self.operator(),
            _ => None,
        };
        if self.group.is_none() && operator.is_some() {
            return Err(no_field(start));
        }
        if self.group.is_none() || matches!(self.rest().get(..2), Some("OR" | "AN" | "NO")) {
            let word_start = self.at;
            let word = self.word(false)?;
            match word.raw {
                "AND" => return Ok(Token::And),
                "OR" => return Ok(Token::Or),
                "NOT" => return Ok(Token::Not),
                _ if self.group.is_none() => {
                    return Ok(Token::Bare { operator: Operator::Is, words: vec![word] });
                }
                _ => self.at = word_start,
            }
        }
        Ok(Token::Bare { operator: operator.unwrap_or(Operator::Is), words: self.values()? })
    }

    fn word(&mut self, ends_at_comma: bool) -> Result<Word<'a>, Problem> {
        let at = self.at;
        let mut word = Word { raw: "", text: String::new(), stars: vec![], quoted: false, at };
        while let Some(c) = self.peek() {
            match c {
                '"' => self.quoted(&mut word)?,
                ',' if ends_at_comma => break,
                c if c.is_whitespace() || matches!(c, '(' | ')') => break,
                c => {
                    word.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        word.raw = &self.text[at..self.at];
        Ok(word)
    }

    /// The part of a word in quotation marks; `\"` and `\\` stand for `"` and `\`.
    fn quoted(&mut self, word: &mut Word<'_>) -> Result<(), Problem> {
        let open = self.at;
        word.quoted = true;
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = open + offset + 1;
                    return Ok(());
                }
                '\\' => match chars.clone().next() {
                    Some((_, escaped @ ('"' | '\\'))) => {
                        chars.next();
                        word.text.push(escaped);
                    }
                    _ => word.text.push('\\'),
                },
                c => word.text.push(c),
            }
        }
        Err(Problem::new(open, "the quotation mark is not closed", "a closing `\"`"))
    }
}

/// An operator without a field.
pub(super) fn no_field(at: usize) -> Problem {
    Problem::new(
        at,
        "an operator needs a field before it, without a space between",
        "a condition such as `metadata.amount>100`, or quotation marks around text",
    )
}

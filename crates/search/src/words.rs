//! Hands the words of `annals_domain::text` to tantivy, so that both cut text in the same places.

use annals_domain::text;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Cuts text into words. Keeps its buffers, so that a text costs no allocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordTokenizer {
    words: String,
    ends: Vec<usize>,
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.words.clear();
        self.ends.clear();
        text::tokens(text, |word| {
            self.words.push_str(word);
            self.ends.push(self.words.len());
        });
        WordStream { tokenizer: self, next: 0 }
    }
}

/// The words of one text, one by one.
#[derive(Debug)]
pub(crate) struct WordStream<'a> {
    tokenizer: &'a mut WordTokenizer,
    next: usize,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let WordTokenizer { words, ends, token } = &mut *self.tokenizer;
        let Some(&end) = ends.get(self.next) else { return false };
        let start = if self.next == 0 { 0 } else { ends[self.next - 1] };
        token.text.clear();
        token.text.push_str(&words[start..end]);
        token.position = self.next;
        token.offset_from = start;
        token.offset_to = end;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.tokenizer.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokenizer.token
    }
}

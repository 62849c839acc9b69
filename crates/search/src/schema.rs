//! The fields of the index.

use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::Compressor;
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{IndexSettings, IndexSortByField, Order};

use crate::words::WordTokenizer;

const WORDS: &str = "words";

/// The schema with its fields at hand.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    /// Place in the log; the documents of a segment lie in its descending order.
    pub(crate) position: Field,
    /// `occurred_at`, microseconds.
    pub(crate) occurred: Field,
    /// `received_at`, microseconds.
    pub(crate) received: Field,
    /// All exact facts, see [`crate::fact_terms`].
    pub(crate) facts: Field,
    /// The words of all texts.
    pub(crate) words: Field,
}

pub(crate) const POSITION: &str = "position";
pub(crate) const OCCURRED: &str = "occurred";
pub(crate) const RECEIVED: &str = "received";

impl Fields {
    pub(crate) fn new() -> Self {
        let mut builder = Schema::builder();
        let column = NumericOptions::default().set_fast();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions)
            .set_fieldnorms(false);
        // Fields are made in the order in which a document yields them.
        let position = builder.add_u64_field(POSITION, column.clone());
        let occurred = builder.add_i64_field(OCCURRED, column.clone());
        let received = builder.add_i64_field(RECEIVED, column);
        let facts = builder.add_bytes_field("facts", BytesOptions::default().set_indexed());
        let words =
            builder.add_text_field("words", TextOptions::default().set_indexing_options(indexing));
        Self { schema: builder.build(), position, occurred, received, facts, words }
    }
}

/// Settings of a new partition.
pub(crate) fn settings() -> IndexSettings {
    IndexSettings {
        sort_by_field: Some(IndexSortByField { field: POSITION.into(), order: Order::Desc }),
        // Nothing is stored, so there is nothing to compress.
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// What cuts text into words.
pub(crate) fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(WORDS, TextAnalyzer::from(WordTokenizer::default()));
    tokenizers
}

//! Zstandard with trained dictionaries: most of what events have in common is in the dictionary, so
//! that even a short text becomes much shorter.
//!
//! Each thread keeps its contexts with the dictionaries already loaded.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CParameter, compress_bound, get_frame_content_size};

/// Number of the dictionaries in use. They never change; better ones get the next number.
pub(crate) const DICTIONARIES: u8 = 1;
/// The most that a compressed text may hold, bytes.
pub(crate) const TEXT_LEN_MAX: usize = 1024 * 1024;
/// Every Zstandard frame begins with these bytes; they are not stored.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Speed before size: the dictionaries do most of the work at any level.
const LEVEL: i32 = 1;

static HEADERS: LazyLock<Dictionary> =
    LazyLock::new(|| Dictionary::new(include_bytes!("../dictionaries/headers-1.zdict")));
static PARTS: LazyLock<Dictionary> =
    LazyLock::new(|| Dictionary::new(include_bytes!("../dictionaries/parts-1.zdict")));

/// Prepared for both directions.
struct Dictionary {
    encoder: EncoderDictionary<'static>,
    decoder: DecoderDictionary<'static>,
}

impl Dictionary {
    fn new(bytes: &'static [u8]) -> Self {
        Self {
            encoder: EncoderDictionary::copy(bytes, LEVEL),
            decoder: DecoderDictionary::copy(bytes),
        }
    }
}

/// What kind of text is compressed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// Headers.
    Header,
    /// Parts of events.
    Parts,
}

/// A thread's contexts for one kind of text, and the buffer it works in.
struct Contexts {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    frame: Vec<u8>,
}

impl Contexts {
    fn new(dictionary: &'static Dictionary) -> std::io::Result<Self> {
        let mut compressor = Compressor::with_prepared_dictionary(&dictionary.encoder)?;
        // The record says which dictionary; the frame need not repeat it.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        let decompressor = Decompressor::with_prepared_dictionary(&dictionary.decoder)?;
        Ok(Self { compressor, decompressor, frame: Vec::new() })
    }
}

thread_local! {
    static HEADER_CONTEXTS: RefCell<Option<Contexts>> = const { RefCell::new(None) };
    static PARTS_CONTEXTS: RefCell<Option<Contexts>> = const { RefCell::new(None) };
}

fn with_contexts<T>(
    kind: Text,
    work: impl FnOnce(&mut Contexts) -> std::io::Result<T>,
) -> std::io::Result<T> {
    let (contexts, dictionary) = match kind {
        Text::Header => (&HEADER_CONTEXTS, &HEADERS),
        Text::Parts => (&PARTS_CONTEXTS, &PARTS),
    };
    contexts.with_borrow_mut(|contexts| match contexts {
        Some(contexts) => work(contexts),
        None => work(contexts.insert(Contexts::new(dictionary)?)),
    })
}

/// Appends the compressed text: a Zstandard frame with its length and without the first four bytes.
pub(crate) fn compress(kind: Text, text: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    with_contexts(kind, |contexts| {
        let Contexts { compressor, frame, .. } = contexts;
        frame.clear();
        frame.reserve(compress_bound(text.len()));
        compressor.compress_to_buffer(text, frame)?;
        let body = frame.strip_prefix(&MAGIC).ok_or_else(|| std::io::Error::other("no frame"))?;
        out.extend_from_slice(body);
        Ok(())
    })
}

/// Undoes [`compress`]. A text longer than [`TEXT_LEN_MAX`] is refused before any room is made.
pub(crate) fn decompress(kind: Text, compressed: &[u8]) -> std::io::Result<Vec<u8>> {
    with_contexts(kind, |contexts| {
        let Contexts { decompressor, frame, .. } = contexts;
        frame.clear();
        frame.extend_from_slice(&MAGIC);
        frame.extend_from_slice(compressed);
        let length = match get_frame_content_size(frame) {
            Ok(Some(length)) => usize::try_from(length).unwrap_or(usize::MAX),
            _ => return Err(std::io::Error::other("a frame without its length")),
        };
        if length > TEXT_LEN_MAX {
            return Err(std::io::Error::other("a frame that is too long"));
        }
        let mut text = Vec::with_capacity(length);
        decompressor.decompress_to_buffer(frame, &mut text)?;
        Ok(text)
    })
}

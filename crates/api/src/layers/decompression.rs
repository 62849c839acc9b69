//! Bodies that come compressed (`Content-Encoding: gzip` or `zstd`).
//!
//! A few bytes can stand for gigabytes, so what comes out is bounded before anything is unpacked:
//! by the limit of the address, and by how much the sender's bytes may grow. Nothing is ever kept
//! beyond that bound, and what memory the decoder itself may take is bounded, too.

use std::io::{self, Read};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::{HeaderMap, header};
use tokio::sync::Semaphore;

use crate::error::{ApiError, Code};

/// The encodings that are understood, as the header `Accept-Encoding` tells them.
pub(crate) const ACCEPTED: &str = "gzip, zstd";
/// What comes out may always be as large as this.
const SMALL_BYTES: usize = 64 * 1024;
/// Beyond it, so many times what was sent.
const GROWTH_MAX: usize = 100;
/// Members of a gzip body, or frames of a zstd body: each costs something even when it is empty.
const PARTS_MAX: usize = 4096;
/// The largest window a zstd frame may ask for, as a power of two: 8 MiB, as RFC 8878 advises.
const WINDOW_LOG_MAX: u32 = 23;
/// What may become larger than this is unpacked off the async threads.
const INLINE_BYTES_MAX: usize = 256 * 1024;
/// Bytes unpacked in one step.
const STEP_BYTES: usize = 32 * 1024;

/// How many large bodies are unpacked at once: each takes a window beside what comes out.
static UNPACKING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    Arc::new(Semaphore::new(processors.max(2)))
});

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// What the headers tell; nothing for a body that comes as it is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let mut found = None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let names = value.to_str().map_err(|_| unknown())?;
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let encoding = match name.to_ascii_lowercase().as_str() {
                    "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "zstd" => Self::Zstd,
                    _ => return Err(unknown()),
                };
                // One inside of the other would grow by the product of both.
                if found.replace(encoding).is_some() {
                    return Err(unsupported("the body is compressed more than once; do it once"));
                }
            }
        }
        Ok(found)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// How large a body of so many compressed bytes may become where `bytes_max` is the limit.
pub(crate) fn unpacked_max(compressed: usize, bytes_max: usize) -> usize {
    compressed.saturating_mul(GROWTH_MAX).max(SMALL_BYTES).min(bytes_max)
}

/// Unpacks a body that may become as large as [`unpacked_max`] tells.
pub(crate) async fn unpack(
    encoding: Encoding,
    compressed: Bytes,
    bytes_max: usize,
) -> Result<Bytes, ApiError> {
    let most = unpacked_max(compressed.len(), bytes_max);
    let unpacked = if most <= INLINE_BYTES_MAX {
        unpack_within(encoding, &compressed, most)
    } else {
        let place = Arc::clone(&UNPACKING).acquire_owned().await;
        let unpacking = tokio::task::spawn_blocking(move || {
            let _place = place;
            unpack_within(encoding, &compressed, most)
        });
        unpacking.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    };
    unpacked.map(Bytes::from).map_err(|refusal| {
        metrics::counter!("annals_compressed_bodies_refused_total", "why" => refusal.word())
            .increment(1);
        refusal.told(encoding, most, bytes_max)
    })
}

fn unpack_within(encoding: Encoding, compressed: &[u8], most: usize) -> Result<Vec<u8>, Refusal> {
    let mut room = Room { bytes: Vec::new(), most };
    unpack_into(&mut room, encoding, compressed)?;
    Ok(room.bytes)
}

/// Unpacks part after part until nothing is left, so that what follows the last one is noticed.
fn unpack_into(room: &mut Room, encoding: Encoding, compressed: &[u8]) -> Result<(), Refusal> {
    let mut rest = compressed;
    for _ in 0..PARTS_MAX {
        rest = match encoding {
            Encoding::Gzip => {
                let mut member = GzDecoder::new(rest);
                room.fill_from(&mut member)?;
                member.into_inner()
            }
            Encoding::Zstd => {
                let mut frame = zstd::stream::read::Decoder::with_buffer(rest)
                    .and_then(|mut frame| {
                        frame.window_log_max(WINDOW_LOG_MAX)?;
                        Ok(frame.single_frame())
                    })
                    .map_err(Refusal::Broken)?;
                room.fill_from(&mut frame)?;
                frame.finish()
            }
        };
        if rest.is_empty() {
            return Ok(());
        }
    }
    Err(Refusal::TooManyParts)
}

/// Where the unpacked bytes go: never more of them than fit.
struct Room {
    bytes: Vec<u8>,
    most: usize,
}

impl Room {
    fn fill_from(&mut self, source: &mut impl Read) -> Result<(), Refusal> {
        let mut step = vec![0; STEP_BYTES];
        loop {
            let read = match source.read(&mut step) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Refusal::Broken(error)),
            };
            self.add(&step[..read])?;
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let needed = self.bytes.len() + bytes.len();
        if needed > self.most {
            return Err(Refusal::TooLarge);
        }
        if needed > self.bytes.capacity() {
            // A vector that grows by itself would take up to twice of what may be taken.
            let capacity = (self.bytes.capacity() * 2).clamp(needed, self.most);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

/// Why a body is not unpacked.
#[derive(Debug)]
enum Refusal {
    /// It would grow beyond what it may.
    TooLarge,
    /// It is put together of too many parts.
    TooManyParts,
    /// It is not what its encoding demands.
    Broken(io::Error),
}

impl Refusal {
    fn word(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooManyParts => "too_many_parts",
            Self::Broken(_) => "broken",
        }
    }

    fn told(&self, encoding: Encoding, most: usize, bytes_max: usize) -> ApiError {
        let name = encoding.name();
        match self {
            Self::TooLarge if most == bytes_max => ApiError::new(
                Code::TooLarge,
                format!("the body is larger than {bytes_max} bytes when it is unpacked"),
            ),
            Self::TooLarge => ApiError::new(
                Code::TooLarge,
                format!(
                    "the body grows more than {GROWTH_MAX} times when it is unpacked; send it \
                     without `Content-Encoding`"
                ),
            ),
            Self::TooManyParts => ApiError::new(
                Code::TooLarge,
                format!("the body is put together of more than {PARTS_MAX} parts of {name}"),
            ),
            Self::Broken(error) => {
                ApiError::bad_request(format!("the body is not whole {name}: {error}"))
            }
        }
    }
}

fn unknown() -> ApiError {
    unsupported("the body's encoding is not known here; send `Content-Encoding: gzip` or `zstd`")
}

fn unsupported(message: &str) -> ApiError {
    ApiError::new(Code::UnsupportedEncoding, message)
}

#[cfg(test)]
mod tests;

//! The stored form of an append: length, checksum, events.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::event::Event;

/// Longest frame that is believed; a damaged length must not ask for all memory.
const FRAME_MAX: usize = 64 << 20;

/// Encodes the events of one append.
pub(crate) fn encode(events: &[Arc<Event>]) -> Vec<u8> {
    let mut frame = vec![0; 8];
    for event in events {
        frame.extend_from_slice(event.id.as_bytes());
        for number in [event.revision, event.position, event.created] {
            frame.extend_from_slice(&number.to_le_bytes());
        }
        for text in [&event.stream, &event.event_type, &event.content_type] {
            put(&mut frame, text.as_bytes());
        }
        put(&mut frame, &event.metadata);
        put(&mut frame, &event.data);
    }
    let length = u32::try_from(frame.len() - 8).unwrap_or(u32::MAX);
    let checksum = crc32(&frame[8..]);
    frame[..4].copy_from_slice(&length.to_le_bytes());
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    frame
}

fn put(frame: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(bytes);
}

/// Cuts the first whole and sound frame off; `None` at the end or at a torn one.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length == 0 || length > FRAME_MAX {
        return None;
    }
    let (frame, rest) = rest.split_at_checked(length)?;
    (crc32(frame) == u32::from_le_bytes(*checksum)).then_some((frame, rest))
}

/// Decodes what [`encode`] made, without its length and checksum.
pub(crate) fn decode(mut frame: &[u8]) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    while !frame.is_empty() {
        events.push(Event {
            id: Uuid::from_bytes(*take::<16>(&mut frame)?),
            revision: u64::from_le_bytes(*take(&mut frame)?),
            position: u64::from_le_bytes(*take(&mut frame)?),
            created: u64::from_le_bytes(*take(&mut frame)?),
            stream: text(&mut frame)?,
            event_type: text(&mut frame)?,
            content_type: text(&mut frame)?,
            metadata: Bytes::copy_from_slice(field(&mut frame)?),
            data: Bytes::copy_from_slice(field(&mut frame)?),
        });
    }
    Some(events)
}

fn take<'a, const N: usize>(frame: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = frame.split_first_chunk::<N>()?;
    *frame = rest;
    Some(taken)
}

fn field<'a>(frame: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(*take(frame)?)).ok()?;
    let (taken, rest) = frame.split_at_checked(length)?;
    *frame = rest;
    Some(taken)
}

fn text(frame: &mut &[u8]) -> Option<Arc<str>> {
    Some(std::str::from_utf8(field(frame)?).ok()?.into())
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// CRC-32 as in zip and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, byte| TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8))
}

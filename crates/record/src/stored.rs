//! The stored form itself, and its bytes.

use std::borrow::Cow;

use annals_domain::{EventId, StreamName, TenantId};
use serde::Deserialize;

use crate::compression::{self, DICTIONARIES, Text};
use crate::digest::sha256;
use crate::keys::KeyId;
use crate::packing::{pack, unpack};
use crate::parts::text_of;

/// First byte of the bytes of a record.
const FORM_VERSION: u8 = 1;
/// How many bytes of a SHA-256 end the bytes of a record.
const CHECKSUM_LEN: usize = 4;
/// First byte of a leaf of the Merkle log.
const LEAF_PREFIX: u8 = 0x01;

/// One event as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Identifies the event; also in the header.
    pub id: EventId,
    /// Whose it is; also in the header.
    pub tenant: TenantId,
    /// Its stream; also in the header.
    pub stream: StreamName,
    /// Catalogue entry; also in the header.
    pub event_type: String,
    /// Canonical JSON (RFC 8785), kept verbatim; holds no personal data.
    pub header: Vec<u8>,
    /// Personal data, one group a person; the first is the stream owner's.
    pub groups: Vec<SealedGroup>,
    /// Tells the same content sent twice from other content under the same id: HMAC-SHA-256 under
    /// the stream's person key over what the caller sent, first 16 bytes. Without that key it says
    /// nothing about the content.
    pub fingerprint: [u8; 16],
}

/// The parts of an event that concern one person, sealed under that person's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedGroup {
    /// Which key opens it.
    pub key: KeyId,
    /// AES-256-GCM ciphertext with tag.
    pub ciphertext: Vec<u8>,
}

/// Bytes that are not a record.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Cut off or of another make.
    #[error("not a stored record: {0}")]
    Malformed(&'static str),
    /// Written by a newer Annals.
    #[error("stored form version {0} is not known to this version of Annals")]
    UnknownVersion(u8),
}

impl Record {
    /// What the Merkle log holds of this record.
    pub fn leaf(&self) -> [u8; 33] {
        let mut leaf = [LEAF_PREFIX; 33];
        leaf[1..].copy_from_slice(&self.header_digest());
        leaf
    }

    /// SHA-256 of the header.
    pub fn header_digest(&self) -> [u8; 32] {
        sha256(&self.header)
    }

    /// The record as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let ciphertexts: usize = self.groups.iter().map(|group| group.ciphertext.len() + 24).sum();
        let mut out = Vec::with_capacity(ciphertexts + self.header.len() + 64);
        out.extend_from_slice(&[FORM_VERSION, DICTIONARIES]);
        out.extend_from_slice(&self.fingerprint);
        write_varint(self.groups.len(), &mut out);
        for group in &self.groups {
            out.extend_from_slice(&group.key.0);
            write_varint(group.ciphertext.len(), &mut out);
            out.extend_from_slice(&group.ciphertext);
        }
        self.encode_header(&mut out);
        let checksum = sha256(&out);
        out.extend_from_slice(&checksum[..CHECKSUM_LEN]);
        out
    }

    fn encode_header(&self, out: &mut Vec<u8>) {
        let pseudonym = self.groups.first().map(|group| group.key.as_text());
        let mut template = Vec::with_capacity(self.header.len());
        let mut raw = Vec::with_capacity(512);
        pack(&self.header, pseudonym.as_deref(), &mut template, &mut raw);
        write_varint(raw.len(), out);
        out.extend_from_slice(&raw);
        compression::compress(Text::Header, &template, out)
            .expect("compressing into a buffer of sufficient size fails only without memory");
    }

    /// Reads what [`Record::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let cut_off = || DecodeError::Malformed("it is cut off");
        match bytes.first() {
            None => return Err(cut_off()),
            Some(&FORM_VERSION) => {}
            Some(&version) => return Err(DecodeError::UnknownVersion(version)),
        }
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or_else(cut_off)?;
        if !sha256(content).starts_with(checksum) {
            return Err(DecodeError::Malformed("its checksum does not match; it was damaged"));
        }
        let mut rest = &content[1..];
        let &[dictionaries] = take(&mut rest)?;
        if dictionaries != DICTIONARIES {
            return Err(DecodeError::UnknownVersion(dictionaries));
        }
        let fingerprint = *take(&mut rest)?;
        let groups = decode_groups(&mut rest)?;
        let header = decode_header(rest, groups.first().map(|group| group.key))?;
        Self::of_parts(header, groups, fingerprint)
    }

    /// A record from what it holds; what it repeats from its header is read from there.
    pub fn of_parts(
        header: Vec<u8>,
        groups: Vec<SealedGroup>,
        fingerprint: [u8; 16],
    ) -> Result<Self, DecodeError> {
        let identity: Identity<'_> = text_of(&header)
            .and_then(serde_json::from_str)
            .map_err(|_| DecodeError::Malformed("its header is not a header"))?;
        Ok(Self {
            id: identity.id,
            tenant: identity.tenant,
            stream: identity.stream,
            event_type: identity.event_type.into_owned(),
            header,
            groups,
            fingerprint,
        })
    }
}

/// What a record repeats from its header.
#[derive(Deserialize)]
struct Identity<'a> {
    id: EventId,
    tenant: TenantId,
    stream: StreamName,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
}

fn decode_groups(rest: &mut &[u8]) -> Result<Vec<SealedGroup>, DecodeError> {
    let cut_off = || DecodeError::Malformed("it is cut off");
    let count = read_varint(rest).ok_or_else(cut_off)?;
    // Every group takes more than 20 bytes, so a false count cannot ask for much room.
    if count > rest.len() / 20 {
        return Err(cut_off());
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        let key = KeyId(*take(rest)?);
        let length = read_varint(rest).ok_or_else(cut_off)?;
        let (ciphertext, after) = rest.split_at_checked(length).ok_or_else(cut_off)?;
        groups.push(SealedGroup { key, ciphertext: ciphertext.to_vec() });
        *rest = after;
    }
    Ok(groups)
}

fn decode_header(mut rest: &[u8], stream_key: Option<KeyId>) -> Result<Vec<u8>, DecodeError> {
    let cut_off = || DecodeError::Malformed("it is cut off");
    let raw_len = read_varint(&mut rest).ok_or_else(cut_off)?;
    let (mut raw, frame) = rest.split_at_checked(raw_len).ok_or_else(cut_off)?;
    let template = compression::decompress(Text::Header, frame)
        .map_err(|_| DecodeError::Malformed("its header does not decompress"))?;
    let pseudonym = stream_key.map(|key| key.as_text());
    let mut header = Vec::with_capacity(template.len() + raw.len() * 3 / 2 + 64);
    let after = unpack(&template, &mut raw, pseudonym.as_deref(), &mut header)
        .map_err(|_| DecodeError::Malformed("its header does not unpack"))?;
    if !after.is_empty() || !raw.is_empty() {
        return Err(DecodeError::Malformed("its header has something left over"));
    }
    Ok(header)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], DecodeError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(DecodeError::Malformed("it is cut off"))?;
    *rest = after;
    Ok(bytes)
}

/// Appends a length in groups of seven bits, the lowest first; all bytes but the last have their
/// highest bit set (LEB128).
pub(crate) fn write_varint(length: usize, out: &mut Vec<u8>) {
    let mut left = length;
    while left >= 0x80 {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

/// Reads what [`write_varint`] wrote, in its shortest form and below 2²⁸.
pub(crate) fn read_varint(rest: &mut &[u8]) -> Option<usize> {
    let mut length = 0;
    for place in 0..4 {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            let shortest = byte != 0 || place == 0;
            return shortest.then_some(length);
        }
    }
    None
}

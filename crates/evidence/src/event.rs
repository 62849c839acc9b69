//! One event with its proof, and its line in `events.ndjson`.

use std::collections::BTreeMap;

use annals_tlog::{Entry, ProofFile, verify_inclusion};
use data_encoding::BASE64;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::canonical::from_line;
use crate::checkpoints::Checkpoints;
use crate::header::{Header, SALT_LEN, part_digest};
use crate::limits::NUMBER_MAX;
use crate::names::{is_part, is_shard, is_stream};
use crate::problem::Problem;
use crate::report::EventPlace;

/// One event, as it is given to the writer. Stream and index are in header and proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventEvidence {
    /// In which shard of the log its entry is.
    pub shard: String,
    /// Its revision in its stream.
    pub revision: u64,
    /// The header, verbatim.
    pub header: Vec<u8>,
    /// The parts that are shown; all others are withheld.
    pub parts: Vec<ShownPart>,
    /// The proof that the entry is in the shard. All proofs of a shard lead to one checkpoint. Extra
    /// data in it is left out, since the header stands beside it.
    pub proof: ProofFile,
}

/// A part that is shown, with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPart {
    /// Its name in the header.
    pub name: String,
    /// Its salt.
    pub salt: [u8; SALT_LEN],
    /// Its JSON, verbatim.
    pub json: String,
}

/// A line of `events.ndjson`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventLine {
    pub(crate) shard: String,
    pub(crate) index: u64,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    header: String,
    parts: BTreeMap<String, PartLine>,
    withheld: Vec<String>,
    proof: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartLine {
    salt: String,
    json: String,
}

/// What is known of an event whose line was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedEvent {
    pub(crate) place: EventPlace,
    pub(crate) header_digest: [u8; 32],
    pub(crate) shown: u64,
    pub(crate) withheld: u64,
}

impl EventEvidence {
    /// The line for it; it is not checked.
    pub(crate) fn to_line(&self) -> Result<EventLine, Problem> {
        let header = Header::parse(&self.header)?;
        let mut parts = BTreeMap::new();
        for ShownPart { name, salt, json } in &self.parts {
            let part = PartLine { salt: BASE64.encode(salt), json: json.clone() };
            if parts.insert(name.clone(), part).is_some() {
                return Err(Problem::NotCanonical);
            }
        }
        let withheld = withheld(&header, &parts);
        let proof = ProofFile { extra: None, ..self.proof.clone() };
        Ok(EventLine {
            shard: self.shard.clone(),
            index: proof.index,
            stream: header.stream,
            revision: self.revision,
            header: BASE64.encode(&self.header),
            parts,
            withheld,
            proof: proof.to_string(),
        })
    }
}

impl EventLine {
    /// Reads a line, and checks that the names and numbers in it can be such.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Problem> {
        let line: Self = from_line(line)?;
        line.check_names()?;
        Ok(line)
    }

    pub(crate) fn check_names(&self) -> Result<(), Problem> {
        let demand = |right: bool, what| if right { Ok(()) } else { Err(Problem::Name(what)) };
        demand(is_shard(&self.shard), "shard")?;
        demand(is_stream(&self.stream), "stream")?;
        demand(self.parts.keys().all(|name| is_part(name)), "part")?;
        let numbers = self.index <= NUMBER_MAX && self.revision <= NUMBER_MAX;
        if numbers { Ok(()) } else { Err(Problem::Number) }
    }

    /// Where it claims to be.
    pub(crate) fn place(&self) -> EventPlace {
        EventPlace {
            stream: self.stream.clone(),
            revision: self.revision,
            shard: self.shard.clone(),
            index: self.index,
        }
    }

    /// Checks header, parts and proof.
    pub(crate) fn check(&self, checkpoints: &Checkpoints) -> Result<CheckedEvent, Problem> {
        let bytes = BASE64.decode(self.header.as_bytes()).map_err(|_| Problem::Base64("header"))?;
        let header = Header::parse(&bytes)?;
        if header.stream != self.stream {
            return Err(Problem::OtherStream { found: header.stream });
        }
        for (name, part) in &self.parts {
            check_part(&header, name, part)?;
        }
        if self.withheld != withheld(&header, &self.parts) {
            return Err(Problem::Withheld);
        }
        let header_digest = Sha256::digest(&bytes).into();
        self.check_proof(&Entry::of_digest(&header_digest), checkpoints)?;
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let (shown, withheld) = (count(self.parts.len()), count(self.withheld.len()));
        Ok(CheckedEvent { place: self.place(), header_digest, shown, withheld })
    }

    fn check_proof(&self, entry: &Entry, checkpoints: &Checkpoints) -> Result<(), Problem> {
        let proof = read_proof(&self.proof)?;
        if proof.index != self.index {
            return Err(Problem::ProofIndex { found: proof.index });
        }
        let shard = checkpoints.get(&self.shard).ok_or(Problem::NoCheckpoint)?;
        if proof.checkpoint != shard.note {
            return Err(Problem::OtherCheckpoint);
        }
        let head = shard.checkpoint.head();
        let leaf = entry.leaf_hash();
        verify_inclusion(&leaf, self.index, head.size, &proof.proof, &head.root)
            .map_err(Problem::Inclusion)
    }
}

/// Reads a proof that has nothing beside it.
pub(crate) fn read_proof(text: &str) -> Result<ProofFile, Problem> {
    let proof = ProofFile::parse(text.as_bytes()).map_err(Problem::ProofUnreadable)?;
    if proof.extra.is_some() { Err(Problem::ProofExtra) } else { Ok(proof) }
}

/// The names of the parts that the header vouches for and that are not shown, in their order.
fn withheld(header: &Header, shown: &BTreeMap<String, PartLine>) -> Vec<String> {
    header.parts.keys().filter(|name| !shown.contains_key(*name)).cloned().collect()
}

fn check_part(header: &Header, name: &str, part: &PartLine) -> Result<(), Problem> {
    let named = || name.to_owned();
    let digest = header.parts.get(name).ok_or_else(|| Problem::UnknownPart { part: named() })?;
    let salt = BASE64.decode(part.salt.as_bytes()).ok().and_then(|salt| salt.try_into().ok());
    let salt = salt.ok_or(Problem::Base64("salt of a part"))?;
    if part_digest(&salt, name, &part.json) != *digest {
        return Err(Problem::PartDiffers { part: named() });
    }
    let json = serde_json::from_str::<IgnoredAny>(&part.json);
    json.map(|_| ()).map_err(|_| Problem::PartNotJson { part: named() })
}

#[cfg(test)]
mod tests;

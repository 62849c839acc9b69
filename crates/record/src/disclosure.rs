//! Showing single parts of a record to somebody who has no key, with the means to check them.

use std::sync::Arc;

use annals_domain::Event;

use crate::digest::{SALT_LEN, sha256};
use crate::header::Header;
use crate::keys::{KeyId, PersonKey};
use crate::open::{OpenError, check_against, open_group};
use crate::parts::{PartName, write_part};
use crate::seal::Binding;
use crate::stored::Record;

/// One part of a record, with the salt that proves it.
///
/// A report gives the header with the disclosures of the parts that its reader may see. The reader
/// checks each against the header, and the header against the Merkle log; of the parts that are
/// withheld the digests tell nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// Which part.
    pub name: PartName,
    /// The part's salt.
    pub salt: [u8; SALT_LEN],
    /// The part's JSON, verbatim.
    pub json: Vec<u8>,
}

impl Disclosure {
    /// SHA-256 over salt, name and JSON.
    pub fn digest(&self) -> [u8; 32] {
        let mut salted = self.salt.to_vec();
        self.name.write_name(&mut salted);
        salted.extend_from_slice(&self.json);
        sha256(&salted)
    }

    /// Whether an event tells all of it: the event may have been masked for somebody.
    pub fn is_told_by(&self, event: &Event) -> bool {
        let mut told = Vec::with_capacity(self.json.len());
        write_part(event, self.name, &mut told).is_ok() && told == self.json
    }

    /// Whether the header vouches for it.
    pub fn is_part_of(&self, header: &Header<'_>) -> bool {
        header.parts.get(self.name) == Some(&self.digest())
    }
}

/// The parts of a record whose keys still exist, each with its salt.
pub fn disclose(
    record: &Record,
    keys: &dyn Fn(&KeyId) -> Option<Arc<PersonKey>>,
) -> Result<Vec<Disclosure>, OpenError> {
    disclose_replaced(record, keys, &|_| false)
}

/// The same where some keys are not the first of their id; see [`crate::open_replaced`].
pub fn disclose_replaced(
    record: &Record,
    keys: &dyn Fn(&KeyId) -> Option<Arc<PersonKey>>,
    is_replaced: &dyn Fn(&KeyId) -> bool,
) -> Result<Vec<Disclosure>, OpenError> {
    let header = record.header()?;
    check_against(&header, record)?;
    let binding = Binding::new(&record.header, record.groups.iter().map(|group| &group.key));
    let mut disclosures = Vec::new();
    for group in &record.groups {
        let Some(key) = keys(&group.key) else {
            continue;
        };
        let opened = open_group(group, &key, &binding, &header, &mut |name, salt, json| {
            disclosures.push(Disclosure { name, salt: *salt, json: json.to_vec() });
            Ok(())
        });
        match opened {
            Err(OpenError::NotAuthentic) if is_replaced(&group.key) => {}
            opened => opened?,
        }
    }
    Ok(disclosures)
}

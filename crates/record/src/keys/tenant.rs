//! The key of a tenant: one secret that makes pseudonyms, and one for each version that wraps the keys
//! of persons.
//!
//! Pseudonyms name streams and never change, so their secret never does. What wraps the keys of persons
//! can be made anew: the newest version wraps, all versions open, and a version that wraps nothing any
//! more is retired.

use annals_domain::TenantId;
use aws_lc_rs::hmac;
use jiff::Timestamp;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    KEY_LEN, KeyError, KeyId, PersonKey, WrappedKey, derived, open_sealed, random_key, seal_bytes,
};
use crate::owners::Owner;

/// The most versions that a tenant's key has at once; a rotation beyond that waits until older versions
/// are retired.
pub const VERSIONS_MAX: usize = 4;
/// The version that a tenant's key begins with.
pub const FIRST_VERSION: u32 = 1;

/// First byte of a person's key that is wrapped under the first version.
const FORM_OF_FIRST_VERSION: u8 = 1;
/// First byte of a person's key that is wrapped under a later version, whose number (four bytes, big
/// endian) comes next.
const FORM_WITH_VERSION: u8 = 2;
/// Bytes of one version in the body: number, when it was made (seconds since 1970), secret.
const VERSION_LEN: usize = 4 + 8 + KEY_LEN;

/// Wraps a tenant's person keys and makes its pseudonyms.
///
/// What is sealed of it: the secret of pseudonyms (32 bytes), then each version, the oldest first: its
/// number (4 bytes, big endian), when it was made (8 bytes, seconds since 1970, big endian), its secret
/// (32 bytes).
#[derive(Clone)]
pub struct TenantKey {
    pseudonyms: Zeroizing<[u8; KEY_LEN]>,
    /// The oldest first; never empty.
    versions: Vec<Version>,
}

/// One secret that wraps keys of persons.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Version {
    number: u32,
    made_at: i64,
    secret: [u8; KEY_LEN],
}

impl TenantKey {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        random_key().map(|key| Self::of_one_key(&key))
    }

    /// As keys were before they had versions: both secrets follow from one key.
    pub(crate) fn of_one_key(bytes: &[u8; KEY_LEN]) -> Self {
        let secret = *derived(bytes, &["annals wrapping of person keys v1"]);
        Self {
            pseudonyms: derived(bytes, &["annals pseudonyms v1"]),
            versions: vec![Version { number: FIRST_VERSION, made_at: 0, secret }],
        }
    }

    /// The versions there are, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.versions.iter().map(|version| version.number)
    }

    /// The version that wraps.
    pub fn newest_version(&self) -> u32 {
        self.newest().number
    }

    /// When the newest version was made; 1970 for the first.
    pub fn rotated_at(&self) -> Timestamp {
        Timestamp::from_second(self.newest().made_at).unwrap_or_default()
    }

    /// The same key with a new version, which wraps from then on.
    ///
    /// # Errors
    /// [`KeyError::TooManyVersions`] while [`VERSIONS_MAX`] are there.
    pub fn with_new_version(&self, now: Timestamp) -> Result<Self, KeyError> {
        if self.versions.len() >= VERSIONS_MAX {
            return Err(KeyError::TooManyVersions);
        }
        let number = self.newest_version().checked_add(1).ok_or(KeyError::TooManyVersions)?;
        let mut rotated = self.clone();
        rotated.versions.push(Version { number, made_at: now.as_second(), secret: *random_key()? });
        Ok(rotated)
    }

    /// The same key with its newest version alone: what older ones wrap cannot be opened by it.
    #[must_use]
    pub fn with_newest_version_only(&self) -> Self {
        let pseudonyms = self.pseudonyms.clone();
        Self { pseudonyms, versions: vec![self.newest().clone()] }
    }

    /// Whether it has the version that wraps a person's key; of what is no wrapped key too, since no other
    /// version would help.
    pub fn knows(&self, wrapped: &WrappedKey) -> bool {
        version_of(wrapped).map_or(true, |number| self.versions().any(|known| known == number))
    }

    /// Whether a person's key is wrapped by an older version than the newest.
    pub fn is_outdated(&self, wrapped: &WrappedKey) -> bool {
        version_of(wrapped).is_ok_and(|number| number < self.newest_version())
    }

    /// The key of the tenant's masking. It follows from that of the pseudonyms, which stays what it is
    /// when other keys are changed: what was masked earlier must be found later.
    pub fn masking_key(&self) -> crate::MaskingKey {
        let key = super::derived(&self.pseudonyms, &["annals masking v1"]);
        crate::MaskingKey(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }

    /// The owner's pseudonym, which also names the owner's key. Without the tenant key nobody can
    /// tell whose it is, not even by trying all names.
    pub fn pseudonym(&self, owner: &Owner<'_>) -> KeyId {
        let (kind, id) = match owner {
            Owner::Person(id) => ("person", *id),
            Owner::Service(id) => ("service", *id),
            Owner::Tenant => ("tenant", ""),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pseudonyms.as_slice());
        let mut mac = hmac::Context::with_key(&key);
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(id.as_bytes());
        let mut pseudonym = [0; 20];
        pseudonym.copy_from_slice(&mac.sign().as_ref()[..20]);
        KeyId(pseudonym)
    }

    /// Seals a person's key for storing, under the newest version.
    ///
    /// # Errors
    /// When the operating system gives no random numbers, or the cipher refuses.
    pub fn wrap_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
        key: &PersonKey,
    ) -> Result<WrappedKey, KeyError> {
        let newest = self.newest();
        let context = context(newest.number, tenant, id);
        seal_bytes(&newest.secret, &prefix(newest.number), &context, &key.0)
    }

    /// Opens a person's stored key, whatever version wraps it.
    ///
    /// # Errors
    /// [`KeyError::UnknownVersion`] when this key does not have its version;
    /// [`KeyError::WrongKey`] when it belongs elsewhere or was changed.
    pub fn unwrap_person_key(
        &self,
        tenant: &TenantId,
        id: &KeyId,
        wrapped: &WrappedKey,
    ) -> Result<PersonKey, KeyError> {
        let number = version_of(wrapped)?;
        let version = self.versions.iter().find(|version| version.number == number);
        let version = version.ok_or(KeyError::UnknownVersion)?;
        let sealed = &wrapped.0[prefix(number).len()..];
        let opened = open_sealed(&version.secret, &context(number, tenant, id), sealed)?;
        let bytes = opened.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        Ok(PersonKey(bytes))
    }

    fn newest(&self) -> &Version {
        self.versions.last().expect("a tenant's key has a version")
    }

    /// What is sealed of it.
    pub(super) fn to_body(&self) -> Zeroizing<Vec<u8>> {
        // Reserved as a whole: a vector that grows would leave secrets behind.
        let length = KEY_LEN + self.versions.len() * VERSION_LEN;
        let mut body = Zeroizing::new(Vec::with_capacity(length));
        body.extend_from_slice(self.pseudonyms.as_slice());
        for version in &self.versions {
            body.extend_from_slice(&version.number.to_be_bytes());
            body.extend_from_slice(&version.made_at.to_be_bytes());
            body.extend_from_slice(&version.secret);
        }
        body
    }

    pub(super) fn from_body(body: &[u8]) -> Result<Self, KeyError> {
        let (pseudonyms, rest) = body.split_first_chunk().ok_or(KeyError::Malformed)?;
        let (versions, end) = rest.as_chunks::<VERSION_LEN>();
        let rising = versions.is_sorted_by(|one, next| one[..4] < next[..4]);
        if versions.is_empty() || versions.len() > VERSIONS_MAX || !end.is_empty() || !rising {
            return Err(KeyError::Malformed);
        }
        let pseudonyms = Zeroizing::new(*pseudonyms);
        Ok(Self { pseudonyms, versions: versions.iter().map(Version::of).collect() })
    }
}

impl Version {
    fn of(bytes: &[u8; VERSION_LEN]) -> Self {
        let ([a, b, c, d, made_at @ ..], secret) =
            bytes.split_first_chunk::<12>().expect("a version has more bytes");
        Self {
            number: u32::from_be_bytes([*a, *b, *c, *d]),
            made_at: i64::from_be_bytes(*made_at),
            secret: secret.try_into().expect("the secret is the rest of a version"),
        }
    }
}

/// Which version of its tenant's key wraps a person's key.
///
/// # Errors
/// When the bytes are no wrapped key.
pub fn version_of(wrapped: &WrappedKey) -> Result<u32, KeyError> {
    match wrapped.0.as_slice() {
        [FORM_OF_FIRST_VERSION, ..] => Ok(FIRST_VERSION),
        [FORM_WITH_VERSION, a, b, c, d, ..] => {
            let version = u32::from_be_bytes([*a, *b, *c, *d]);
            // The first version has a form of its own, so that each key has one.
            if version > FIRST_VERSION { Ok(version) } else { Err(KeyError::Malformed) }
        }
        _ => Err(KeyError::Malformed),
    }
}

/// What stands before a sealed person's key.
fn prefix(version: u32) -> Vec<u8> {
    match version {
        FIRST_VERSION => vec![FORM_OF_FIRST_VERSION],
        later => [&[FORM_WITH_VERSION][..], &later.to_be_bytes()].concat(),
    }
}

/// Binds a wrapped person key to its tenant, its pseudonym and, after the first, its version.
fn context(version: u32, tenant: &TenantId, id: &KeyId) -> Vec<u8> {
    let form = if version == FIRST_VERSION { 1 } else { 2 };
    let mut context = format!("annals person key v{form}\0{tenant}\0").into_bytes();
    context.extend_from_slice(&id.0);
    if version != FIRST_VERSION {
        context.extend_from_slice(&version.to_be_bytes());
    }
    context
}

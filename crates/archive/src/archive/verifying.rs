//! Checking an archive with nothing but its objects and public keys.

use std::collections::{BTreeMap, BTreeSet};

use annals_domain::TenantId;
use annals_ports::archive::Month;
use annals_tlog::{SignedCheckpoint, VerifyingKey};
use serde::de::DeserializeOwned;

use super::archiver::blocking;
use super::building::sha256;
use super::manifest::{FORMAT, Manifest, MonthMark, PieceEntry, Tombstone};
use super::names::Names;
use super::proof::{PieceProof, leaf_of};
use super::reader::{check_object, entries_of};
use super::{DOCUMENT_BYTES_MAX, OBJECT_BYTES_MAX, signed};
use crate::objects::{ObjectError, Place};

/// Findings that are told one by one.
pub const FINDINGS_MAX: usize = 100;

/// The keys to believe.
pub struct Keys {
    archive: VerifyingKey,
    log: String,
    shards: BTreeMap<String, VerifyingKey>,
}

/// What is looked at; everything, unless it is narrowed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Only what this tenant has.
    pub tenant: Option<TenantId>,
    /// Only this month.
    pub month: Option<Month>,
}

impl Asked {
    fn holds(&self, tenant: &TenantId, month: Month) -> bool {
        self.tenant.as_ref().is_none_or(|asked| asked == tenant)
            && self.month.is_none_or(|asked| asked == month)
    }
}

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Months of tenants that were looked at.
    pub months: u64,
    /// Records in them.
    pub records: u64,
    /// Of these, how many were proven to be leaves of a signed tree.
    pub proven: u64,
    /// Objects that no manifest names; they are left over from a run that was stopped, and part of nothing.
    pub strays: u64,
    /// The first [`FINDINGS_MAX`] of what is wrong, each in a sentence.
    pub findings: Vec<String>,
    /// How many there are.
    pub findings_total: u64,
}

impl Keys {
    /// Of the keys that are given, that of the archive and those of the log's trees; none when no key is
    /// named `<log>/archive`.
    pub fn new(keys: Vec<VerifyingKey>) -> Option<Self> {
        let archive = keys.iter().find(|key| key.name().ends_with("/archive"))?.clone();
        let log = archive.name().strip_suffix("/archive")?.to_owned();
        let shards = keys.into_iter().map(|key| (key.name().to_owned(), key)).collect();
        Some(Self { archive, log, shards })
    }

    /// Name of the log.
    pub fn log(&self) -> &str {
        &self.log
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings_total == 0
    }

    fn find(&mut self, finding: String) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Checks what the log has in the archive. `seen` is told of each month that was checked.
///
/// # Errors
/// When something cannot be read at all. What can be read and is wrong is a finding.
pub async fn verify(
    place: &Place,
    keys: &Keys,
    asked: &Asked,
    seen: impl Fn(&TenantId, Month),
) -> Result<Report, ObjectError> {
    let names = Names::of(&keys.log);
    let mut check =
        Check { place, keys, names: &names, report: Report::default(), named: BTreeSet::new() };
    let listed: BTreeSet<String> =
        place.list(names.root()).await?.into_iter().map(|object| object.name).collect();
    let manifests: BTreeMap<String, (TenantId, Month)> = listed
        .iter()
        .filter_map(|name| Some((name.clone(), names.of_manifest(name)?)))
        .filter(|(_, (owner, month))| asked.holds(owner, *month))
        .collect();
    let mut digests = BTreeMap::new();
    for (name, (owner, month)) in &manifests {
        let digest = check.month(name, owner, *month).await?;
        digests.insert(name.clone(), digest);
        seen(owner, *month);
    }
    check.marks(&listed, asked, &digests).await?;
    let is_asked = |name: &str| {
        let folder = name
            .rsplit_once('/')
            .and_then(|(folder, _)| names.of_manifest(&format!("{folder}/manifest.json")));
        match folder {
            Some((tenant, month)) => asked.holds(&tenant, month),
            None => *asked == Asked::default(),
        }
    };
    let strays = listed.iter().filter(|name| is_asked(name) && !check.named.contains(*name));
    check.report.strays = strays.count() as u64;
    Ok(check.report)
}

struct Check<'a> {
    place: &'a Place,
    keys: &'a Keys,
    names: &'a Names,
    report: Report,
    /// Objects that something signed names.
    named: BTreeSet<String>,
}

impl Check<'_> {
    async fn document<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<(T, String)>, ObjectError> {
        self.named.insert(name.to_owned());
        let Some(bytes) = self.place.get(name, DOCUMENT_BYTES_MAX).await? else {
            self.report.find(format!("{name}: it is not there"));
            return Ok(None);
        };
        match signed::open(&bytes, &self.keys.archive) {
            Ok(content) => Ok(Some((content, sha256(&bytes)))),
            Err(error) => {
                self.report.find(format!("{name}: {error}"));
                Ok(None)
            }
        }
    }

    /// Checks a month of a tenant; answers the digest of its manifest.
    async fn month(
        &mut self,
        name: &str,
        tenant: &TenantId,
        month: Month,
    ) -> Result<Option<String>, ObjectError> {
        let Some((manifest, digest)) = self.document::<Manifest>(name).await? else {
            return Ok(None);
        };
        self.report.months += 1;
        let is_its_own = manifest.format == FORMAT
            && manifest.log == self.keys.log
            && manifest.tenant == *tenant
            && manifest.month == month;
        if !is_its_own {
            self.report.find(format!("{name}: it is the manifest of something else"));
            return Ok(Some(digest));
        }
        let tree = self.tree(name, &manifest);
        let mut records = 0;
        for piece in &manifest.pieces {
            match self.piece(&manifest, piece, tree.as_ref()).await? {
                Ok(found) => records += found,
                Err(finding) => self.report.find(finding),
            }
        }
        self.report.records += records;
        let told: u64 = manifest.pieces.iter().map(|piece| piece.records).sum();
        let rise = manifest.pieces.is_sorted_by(|one, next| one.last < next.first);
        if told != manifest.records || !rise {
            self.report.find(format!("{name}: its pieces are not the month that it tells of"));
        }
        Ok(Some(digest))
    }

    /// The signed tree of a manifest; a tree that is not signed by the log is a finding.
    fn tree(&mut self, name: &str, manifest: &Manifest) -> Option<SignedCheckpoint> {
        let checkpoint = manifest.checkpoint.as_ref()?;
        let shard = format!("{}/{}", self.keys.log, checkpoint.shard);
        let Some(key) = self.keys.shards.get(&shard) else {
            self.report
                .find(format!("{name}: no key of `{shard}` was given, which signed its tree"));
            return None;
        };
        match SignedCheckpoint::open(checkpoint.note.as_bytes(), key) {
            Ok(tree) => Some(tree),
            Err(error) => {
                self.report.find(format!("{name}: {error}"));
                None
            }
        }
    }

    /// Checks one piece and its proof; answers how many records it has, or what is wrong.
    async fn piece(
        &mut self,
        manifest: &Manifest,
        piece: &PieceEntry,
        tree: Option<&SignedCheckpoint>,
    ) -> Result<Result<u64, String>, ObjectError> {
        let folder = self.names.month(&manifest.tenant, manifest.month);
        let mut read = Vec::new();
        for object in [Some(&piece.object), piece.proof.as_ref()].into_iter().flatten() {
            let name = format!("{folder}/{}", object.name);
            self.named.insert(name.clone());
            let Some(bytes) = self.place.get(&name, OBJECT_BYTES_MAX).await? else {
                return Ok(Err(format!("{name}: it is not there")));
            };
            if let Err(how) = check_object(object, &bytes) {
                return Ok(Err(format!("{name}: {how}")));
            }
            read.push((name, bytes));
        }
        let (manifest, piece, tree) = (manifest.clone(), piece.clone(), tree.cloned());
        let checked = blocking(move || {
            let mut read = read.into_iter();
            let (name, bytes) = read.next().ok_or("no piece")?;
            let entries =
                entries_of(&manifest, &piece, bytes).map_err(|how| format!("{name}: {how}"))?;
            let proof = read.next();
            let (Some((name, bytes)), Some(tree)) = (proof, tree) else {
                return match manifest.checkpoint.is_some() == piece.proof.is_some() {
                    true => Ok((entries.len() as u64, 0)),
                    false => Err(format!("{name}: it has no proof, but the month has a tree")),
                };
            };
            let leaves: Vec<_> =
                entries.iter().map(|entry| leaf_of(&entry.record.header_digest())).collect();
            let proof: PieceProof = serde_json::from_slice(&bytes)
                .map_err(|error| format!("{name}: it cannot be read: {error}"))?;
            proof.check(&tree, &leaves).map_err(|error| format!("{name}: {error}"))?;
            Ok((leaves.len() as u64, leaves.len() as u64))
        });
        Ok(checked.await.map(|(records, proven)| {
            self.report.proven += proven;
            records
        }))
    }

    /// Compares the months that are whole with the manifests that are there, and looks whether a month is
    /// missing between them.
    async fn marks(
        &mut self,
        listed: &BTreeSet<String>,
        asked: &Asked,
        digests: &BTreeMap<String, Option<String>>,
    ) -> Result<(), ObjectError> {
        let marks: BTreeSet<Month> =
            listed.iter().filter_map(|name| self.names.of_mark(name)).collect();
        let last = marks.last().copied();
        let mut position = 0;
        let mut marked = BTreeSet::new();
        for month in marks {
            let name = self.names.mark(month);
            let Some((mark, _)) = self.document::<MonthMark>(&name).await? else { continue };
            let follows = position == mark.after;
            if mark.month != month || mark.log != self.keys.log || !follows {
                self.report.find(format!("{name}: it does not follow the month before it"));
            }
            position = mark.until;
            let its_own = mark.manifests.iter().filter(|(owner, _)| asked.holds(owner, month));
            for (owner, digest) in its_own {
                let name = self.names.manifest(owner, month);
                match digests.get(&name) {
                    Some(Some(found)) if found != digest => {
                        self.report
                            .find(format!("{name}: it is not the manifest that was written"));
                    }
                    Some(_) => {}
                    None if self.was_expired(owner, month, digest).await? => {}
                    None => self.report.find(format!("{name}: it is not there")),
                }
                marked.insert(name);
            }
        }
        // A run that was stopped leaves manifests without a mark: only in the month after the last.
        for name in digests.keys().filter(|name| !marked.contains(*name)) {
            let month = self.names.of_manifest(name).map(|(_, month)| month);
            if month <= last {
                self.report.find(format!("{name}: the month does not know it"));
            }
        }
        Ok(())
    }

    async fn was_expired(
        &mut self,
        tenant: &TenantId,
        month: Month,
        digest: &str,
    ) -> Result<bool, ObjectError> {
        let name = self.names.expired(tenant, month);
        let bytes = self.place.get(&name, DOCUMENT_BYTES_MAX).await?;
        let Some(bytes) = bytes else { return Ok(false) };
        self.named.insert(name.clone());
        match signed::open::<Tombstone>(&bytes, &self.keys.archive) {
            Ok(stone) => {
                Ok(stone.manifest == digest && stone.tenant == *tenant && stone.month == month)
            }
            Err(error) => {
                self.report.find(format!("{name}: {error}"));
                Ok(true)
            }
        }
    }
}

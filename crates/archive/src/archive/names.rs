//! What the objects of an archive are called.

use annals_domain::TenantId;
use annals_ports::archive::Month;

/// Name of the key that manifests of a log are signed with.
pub fn key_name(log: &str) -> String {
    format!("{log}/archive")
}

/// The folder that everything of a log lies in, below the place.
pub fn root(log: &str) -> String {
    Names::of(log).root
}

/// Where the archive of a log lies below the place.
#[derive(Debug, Clone)]
pub(super) struct Names {
    root: String,
}

impl Names {
    pub(super) fn of(log: &str) -> Self {
        let plain = log.replace('/', "--");
        let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let plain: String = plain.chars().map(|it| if safe(it) { it } else { '-' }).collect();
        Self { root: format!("archive/{plain}") }
    }

    /// Everything.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    pub(super) fn tenant(&self, tenant: &TenantId) -> String {
        format!("{}/{tenant}", self.root)
    }

    pub(super) fn month(&self, tenant: &TenantId, month: Month) -> String {
        format!("{}/{tenant}/{month}", self.root)
    }

    pub(super) fn manifest(&self, tenant: &TenantId, month: Month) -> String {
        format!("{}/{MANIFEST}", self.month(tenant, month))
    }

    /// The folder of what tells that months are whole. No tenant's name begins with `_`.
    pub(super) fn marks(&self) -> String {
        format!("{}/_months", self.root)
    }

    pub(super) fn mark(&self, month: Month) -> String {
        format!("{}/{month}.json", self.marks())
    }

    pub(super) fn expired(&self, tenant: &TenantId, month: Month) -> String {
        format!("{}/_expired/{tenant}/{month}.json", self.root)
    }

    /// The tenant and month whose manifest this is.
    pub(super) fn of_manifest(&self, name: &str) -> Option<(TenantId, Month)> {
        let folder = name.strip_suffix(MANIFEST)?.strip_suffix('/')?;
        let (tenant, month) =
            folder.strip_prefix(&self.root)?.strip_prefix('/')?.split_once('/')?;
        Some((TenantId::new(tenant).ok()?, month.parse().ok()?))
    }

    /// The month that this marks as whole.
    pub(super) fn of_mark(&self, name: &str) -> Option<Month> {
        let month = name.strip_prefix(&self.marks())?.strip_prefix('/')?;
        month.strip_suffix(".json")?.parse().ok()
    }
}

/// Of a month of a tenant; it is written last.
const MANIFEST: &str = "manifest.json";

/// Name of a piece or proof, counted from 1, by what it holds.
pub(super) fn by_content(kind: &str, number: usize, sha256: &str, ending: &str) -> String {
    format!("{kind}-{number:04}-{}.{ending}", &sha256[..16])
}

//! What can be allowed.

use serde::{Deserialize, Serialize};

/// Makes the enum, its words and its list from one table.
macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// Something that a role may allow.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it in `access.toml` and in messages.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

permissions! {
    /// Record events.
    RecordEvents = "record_events",
    /// See events where the caller is subject or actor; their own profile and inbox.
    ReadOwnEvents = "read_own_events",
    /// See events of the tenant, as far as the role reaches.
    ReadTenantEvents = "read_tenant_events",
    /// See the profile of any person of the tenant.
    ReadProfiles = "read_profiles",
    /// See the catalogue and the limits.
    ReadCatalogue = "read_catalogue",
    /// See the roles and what each may do.
    ReadAccessPolicy = "read_access_policy",
    /// Take events out of the log as files.
    ExportEvents = "export_events",
    /// Run the retention job.
    CleanUp = "clean_up",
    /// Make, rotate and revoke the API keys of the tenant.
    ManageApiKeys = "manage_api_keys",
    /// Revoke tokens.
    RevokeAccess = "revoke_access",
    /// Make short-lived tokens with which browsers record events.
    IssueRelayTokens = "issue_relay_tokens",
    /// Record the few events that a relay token allows.
    RelayEvents = "relay_events",
    /// See, correct and replay events that were refused.
    ManageQuarantine = "manage_quarantine",
    /// Share saved views with everybody of the tenant.
    ShareViews = "share_views",
    /// Have the search index filled anew.
    MaintainIndex = "maintain_index",
    /// See what masks hide, for a stated purpose.
    Unmask = "unmask",
    /// See everything for a short time, for a stated reason, before a witness.
    BreakGlass = "break_glass",
    /// Propose, approve and refuse retention policies; confirm the clock by which events expire.
    ManageRetention = "manage_retention",
    /// Place, approve and release legal holds.
    ManageHolds = "manage_holds",
    /// Ask for, approve and refuse the erasure of persons.
    ManageErasures = "manage_erasures",
    /// Rotate the key of the tenant.
    ManageKeys = "manage_keys",
    /// Change notification rules, endpoints, and what holds for all people of the tenant; see deliveries.
    ManageNotifications = "manage_notifications",
}

//! Which role may do what: one table.

use super::claims::Role;

/// Something that may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Record events.
    RecordEvents,
    /// See events where the caller is subject or actor; their own profile and inbox.
    ReadOwnEvents,
    /// See all events of the tenant.
    ReadTenantEvents,
    /// See the profile of any person of the tenant.
    ReadProfiles,
    /// See the catalogue and the limits.
    ReadCatalogue,
}

impl Permission {
    /// The word for it in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordEvents => "record_events",
            Self::ReadOwnEvents => "read_own_events",
            Self::ReadTenantEvents => "read_tenant_events",
            Self::ReadProfiles => "read_profiles",
            Self::ReadCatalogue => "read_catalogue",
        }
    }
}

/// What a role may do. What is not here is not allowed.
pub fn permissions_of(role: Role) -> &'static [Permission] {
    use Permission::*;
    match role {
        Role::Admin => {
            &[RecordEvents, ReadOwnEvents, ReadTenantEvents, ReadProfiles, ReadCatalogue]
        }
        Role::Auditor => &[ReadOwnEvents, ReadTenantEvents, ReadProfiles, ReadCatalogue],
        Role::User => &[ReadOwnEvents, ReadCatalogue],
        Role::Writer => &[RecordEvents, ReadCatalogue],
    }
}

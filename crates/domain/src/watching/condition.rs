//! What may be wrong with Annals, what it means, and what to do about it.

use serde::{Deserialize, Serialize};

use crate::event::Severity;

/// Something that may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Events are refused.
    IngestRefused,
    /// Something derived from the log is far behind it.
    ProjectionLag,
    /// Events could not be taken in and were left aside.
    PoisonEvents,
    /// The log is not what its proofs say.
    IntegrityFinding,
    /// The retention job has not done what it was to.
    RetentionNotRun,
    /// The disk is nearly full.
    DiskLow,
    /// A certificate ends soon.
    CertificateNearEnd,
    /// Messages to people do not arrive.
    DeliveryFailing,
    /// No backup was made in time.
    BackupOverdue,
    /// The clock of the machine was set.
    ClockJumped,
}

/// What is known of a condition.
#[derive(Debug)]
pub struct Definition {
    /// Its name in events, metrics and rules.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What its reading counts.
    pub unit: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Condition {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::IngestRefused,
        Self::ProjectionLag,
        Self::PoisonEvents,
        Self::IntegrityFinding,
        Self::RetentionNotRun,
        Self::DiskLow,
        Self::CertificateNearEnd,
        Self::DeliveryFailing,
        Self::BackupOverdue,
        Self::ClockJumped,
    ];

    /// Its name in events, metrics and rules.
    pub fn as_str(self) -> &'static str {
        self.definition().id
    }

    /// What is known of it.
    pub fn definition(self) -> &'static Definition {
        match self {
            Self::IngestRefused => &Definition {
                id: "ingest_refused",
                severity: Severity::Critical,
                unit: "switch",
                means: "Events are refused or wait in the spool: the log cannot be written, or more comes than \
                        has room.",
                remedy: "Look at `trouble` in /readyz and at the operations log. Free the disk or bring \
                         the server of the log back. If annals_recording_refused_total grows, take load \
                         away or add writers.",
            },
            Self::ProjectionLag => &Definition {
                id: "projection_lag",
                severity: Severity::Error,
                unit: "seconds",
                means: "Search, profiles, inboxes or proofs show events late, or not at all.",
                remedy: "See in annals_projection_behind_seconds which projection it is, and in the \
                         operations log why. If it stands still, restart the service; if that does not \
                         help, run `annals rebuild`.",
            },
            Self::PoisonEvents => &Definition {
                id: "poison_events",
                severity: Severity::Error,
                unit: "events",
                means: "Events are in the log that a projection could not take in: they are kept and \
                        proven, but not found.",
                remedy: "The operations log names them (`parked a poison event`). Report the cause, \
                         update, and run `annals rebuild`, which tries them again.",
            },
            Self::IntegrityFinding => &Definition {
                id: "integrity_finding",
                severity: Severity::Critical,
                unit: "findings",
                means: "The log is not what was signed, or records in it cannot be opened: it was \
                        damaged or tampered with.",
                remedy: "Keep the machine as it is. Copy the data directory, run `annals verify` on the \
                         copy and compare with a backup and with the witnesses. Then see \
                         docs/integrity.md.",
            },
            Self::RetentionNotRun => &Definition {
                id: "retention_not_run",
                severity: Severity::Warning,
                unit: "seconds",
                means: "The retention job has not ended well for longer than it should: events are \
                        kept beyond their time, and erasures may wait.",
                remedy: "The operations log tells why it failed. Run it by hand with \
                         DELETE /api/v1/logs/cleanup, and confirm the clock if \
                         annals_retention_behind_seconds is large.",
            },
            Self::DiskLow => &Definition {
                id: "disk_low",
                severity: Severity::Error,
                unit: "bytes",
                means: "The disk of the data directory is nearly full. When it is full, events are \
                        refused with 507.",
                remedy: "Make the disk larger, or remove what is not of Annals. Old exports and \
                         backups on the same disk go first.",
            },
            Self::CertificateNearEnd => &Definition {
                id: "certificate_near_end",
                severity: Severity::Warning,
                unit: "days",
                means: "A certificate ends soon, has ended, or cannot be read. Whoever checks it will \
                        refuse the connection.",
                remedy: "annals_certificate_end_timestamp_seconds tells which. Renew it and put it in \
                         place; the file is read again by itself.",
            },
            Self::DeliveryFailing => &Definition {
                id: "delivery_failing",
                severity: Severity::Error,
                unit: "percent",
                means: "Messages to people do not arrive: attempts fail, or are given up.",
                remedy: "annals_deliveries_total tells the channel, the operations log the cause. See \
                         that the receiver answers and that its address and secret are right.",
            },
            Self::BackupOverdue => &Definition {
                id: "backup_overdue",
                severity: Severity::Error,
                unit: "seconds",
                means: "No backup was made for more than two intervals: more is lost than was agreed \
                        on, should the disk be lost now.",
                remedy: "The event annals.backup.failed and the operations log tell why. Run \
                         `annals backup` by hand to see the error.",
            },
            Self::ClockJumped => &Definition {
                id: "clock_jumped",
                severity: Severity::Warning,
                unit: "seconds",
                means: "The clock of the machine was set by more than a little, or is behind the newest \
                        event. Times of events may be wrong around then.",
                remedy: "See that time synchronisation runs. After a clock that was ahead, times in the \
                         log stand still until the clock has caught up; retention may want its clock \
                         confirmed.",
            },
        }
    }

    /// The condition of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|condition| condition.as_str() == name)
    }
}

//! The rows.

use super::Kind::{Counter, Gauge, Histogram};
use super::{Described, Group, Kind};

const fn row(
    kind: Kind,
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    says: &'static str,
) -> Described {
    Described { name, kind, unit, labels, says }
}

/// All metrics, by the part of Annals that they are about.
#[rustfmt::skip]
pub(crate) const METRICS: &[Group] = &[
    Group {
        title: "Taking events in",
        metrics: &[
            row(Counter, "annals_events_admitted_total", "events", &[], "Events that passed all checks"),
            row(Counter, "annals_masked_total", "values", &["rule"], "Values hidden before they were stored, by rule"),
            row(Histogram, "annals_append_batch_events", "events", &[], "Events in one append to the log"),
            row(Gauge, "annals_log_head", "positions", &[], "Newest position of the log"),
            row(Counter, "annals_recording_refused_total", "requests", &["reason", "of"], "Requests to record that found no room, by reason"),
            row(Gauge, "annals_recording_wait_seconds", "seconds", &[], "How long what was sent longest ago has waited to be recorded"),
            row(Gauge, "annals_recordings_waiting", "requests", &[], "Requests that wait for their turn to record"),
            row(Gauge, "annals_ingest_bytes_under_way", "bytes", &[], "Bytes of events taken on and not recorded yet"),
            row(Gauge, "annals_ingest_events_under_way", "events", &[], "Events taken on and not recorded yet"),
            row(Gauge, "annals_ingest_tenants_under_way", "tenants", &[], "Tenants that have something under way"),
            row(Counter, "annals_compressed_bodies_refused_total", "requests", &["why"], "Compressed bodies that were refused"),
            row(Counter, "annals_bodies_too_slow_total", "requests", &[], "Bodies that came too slowly to wait for them"),
            row(Counter, "annals_enrich_place_errors_total", "events", &[], "Addresses that the database of places could not be asked for"),
            row(Gauge, "annals_spool_events", "events", &[], "Events that wait for the log"),
            row(Counter, "annals_events_spooled_total", "events", &[], "Events put into the spool"),
            row(Counter, "annals_spool_recorded_total", "events", &[], "Spooled events that were recorded"),
            row(Counter, "annals_spool_full_total", "events", &[], "Events the spool had no room for"),
            row(Counter, "annals_quarantine_entries_total", "events", &["reason"], "Refused events to be kept"),
            row(Counter, "annals_quarantine_evicted_total", "events", &[], "Refused events that made way"),
            row(Counter, "annals_quarantine_failures_total", "events", &[], "Refused events not kept"),
        ],
    },
    Group {
        title: "Callers",
        metrics: &[
            row(Gauge, "annals_connections", "connections", &[], "Connections that are open"),
            row(Counter, "annals_connections_refused_total", "connections", &["reason"], "Connections over the limit"),
            row(Counter, "annals_connections_cut_total", "connections", &["reason"], "Connections closed because the other end took or sent nothing"),
            row(Counter, "annals_tokens_refused_total", "requests", &[], "Tokens that were refused"),
            row(Counter, "annals_rate_limited_total", "requests", &["quota"], "Requests refused by a rate limit"),
            row(Counter, "annals_rate_limit_fallbacks_total", "requests", &[], "Checks of rate limits without Redis"),
            row(Gauge, "annals_questions_waiting", "requests", &[], "Questions that wait for their turn"),
            row(Counter, "annals_turns_refused_total", "requests", &["work", "reason"], "Requests that got no turn in time, by kind of work"),
            row(Counter, "annals_jwks_fetches_total", "requests", &["outcome"], "Times the issuer's keys were asked for"),
        ],
    },
    Group {
        title: "What is derived from the log",
        metrics: &[
            row(Gauge, "annals_projection_lag", "events", &["projection"], "Events a projection is behind the log"),
            row(Counter, "annals_poison_events_total", "events", &["projection"], "Events a projection had to park"),
            row(Counter, "annals_damaged_records_total", "events", &[], "Records that could not be opened"),
            row(Gauge, "annals_index_cache_bytes", "bytes", &[], "Memory for what was opened of encrypted files of the index"),
            row(Gauge, "annals_index_held_bytes", "bytes", &[], "Memory that searches hold of the index at this moment"),
            row(Counter, "annals_index_scrubbed_bytes_total", "bytes", &[], "Bytes of the index read to see whether they hold what was written"),
            row(Counter, "annals_index_scrubs_total", "runs", &[], "Times all files of the index were read through"),
            row(Counter, "annals_index_damaged_files_total", "files", &[], "Files of the index that do not hold what was written"),
            row(Counter, "annals_index_set_aside_total", "partitions", &[], "Damaged parts of the index set aside, to be made anew"),
            row(Gauge, "annals_index_rebuild_running", "switch", &[], "1 while a second index is filled"),
            row(Gauge, "annals_index_rebuild_events_per_second", "events per second", &[], "How many events it takes in"),
            row(Gauge, "annals_index_rebuild_position", "positions", &[], "How far it has come"),
            row(Gauge, "annals_exports_running", "files", &[], "Exports that are being written"),
            row(Counter, "annals_exported_events_total", "events", &[], "Events written into exports"),
        ],
    },
    Group {
        title: "The log and its proofs",
        metrics: &[
            row(Counter, "annals_key_uses_total", "uses", &["kind"], "Uses of keys: to seal, open, wrap and unwrap"),
            row(Counter, "annals_integrity_audits_total", "runs", &[], "Times the whole log was compared with its Merkle trees"),
            row(Gauge, "annals_integrity_findings", "findings", &[], "What the last comparison found wrong"),
            row(Counter, "annals_integrity_findings_total", "findings", &["kind"], "Traces of tampering seen while a server's log was followed"),
            row(Counter, "annals_tiles_refused_to_sign_total", "checkpoints", &[], "Checkpoints not signed, because the log is not what was signed before"),
            row(Counter, "annals_heads_failures_total", "runs", &[], "Daily commitments to the ends of streams that could not be made"),
            row(Counter, "annals_witness_answers_total", "requests", &["witness", "outcome"], "What witnesses said, by outcome"),
            row(Counter, "annals_checkpoint_sink_checkpoints_total", "checkpoints", &["sink"], "Checkpoints sinks took"),
            row(Counter, "annals_checkpoint_sink_failures_total", "checkpoints", &["sink"], "Checkpoints not taken"),
            row(Counter, "annals_log_connections_total", "connections", &[], "Connections made to the server that keeps the log"),
            row(Counter, "annals_log_append_retries_total", "requests", &[], "Appends sent again"),
            row(Counter, "annals_log_append_conflicts_total", "requests", &[], "Appends that came too late"),
            row(Counter, "annals_log_subscriptions_ended_total", "connections", &[], "Subscriptions to the server that ended"),
            row(Counter, "annals_log_records_copied_total", "events", &[], "Records copied from the server"),
        ],
    },
    Group {
        title: "Telling people",
        metrics: &[
            row(Counter, "annals_deliveries_total", "deliveries", &["channel", "outcome"], "Attempts to deliver, by outcome"),
            row(Counter, "annals_deliveries_parked_total", "deliveries", &["channel"], "Deliveries that were given up"),
            row(Counter, "annals_detections_total", "findings", &["rule"], "Suspicious things found, by rule"),
            row(Gauge, "annals_lease_held", "switch", &[], "1 while this node is the one that delivers"),
        ],
    },
    Group {
        title: "Keeping and forgetting",
        metrics: &[
            row(Gauge, "annals_retention_behind_seconds", "seconds", &[], "Seconds by which the time that events expire by is behind the clock"),
            row(Gauge, "annals_retention_last_success_timestamp_seconds", "seconds", &[], "When the newest run of the retention job that did what it was to ended"),
            row(Counter, "annals_events_removed_total", "events", &[], "Events removed by retention"),
            row(Counter, "annals_events_forgotten_total", "events", &[], "Events that retention removed at another node and that were forgotten here"),
            row(Counter, "annals_persons_erased_total", "persons", &[], "Persons erased"),
            row(Counter, "annals_erasure_failures_total", "erasures", &[], "Erasures agreed on that could not be carried out, each time it was tried"),
            row(Counter, "annals_archive_records_total", "events", &[], "Records of months archived"),
            row(Counter, "annals_archive_failures_total", "runs", &[], "Runs that archived nothing"),
            row(Gauge, "annals_backup_last_success_timestamp_seconds", "seconds", &[], "When the newest backup of this service began"),
            row(Counter, "annals_backup_failures_total", "backups", &[], "Backups that were not made"),
        ],
    },
    Group {
        title: "Health",
        metrics: &[
            row(Gauge, "annals_health_condition", "switch", &["condition"], "1 while a condition is raised"),
            row(Gauge, "annals_health_reading", "see the condition", &["condition"], "The number that a condition goes by"),
            row(Gauge, "annals_projection_behind_seconds", "seconds", &["projection"], "For how long a projection has lacked something"),
            row(Gauge, "annals_disk_free_bytes", "bytes", &[], "Bytes that are free on the disk of the data directory"),
            row(Gauge, "annals_disk_size_bytes", "bytes", &[], "Bytes that this disk has"),
            row(Gauge, "annals_certificate_end_timestamp_seconds", "seconds", &["file"], "When the first certificate of a file ends; 0: it cannot be read"),
            row(Gauge, "annals_clock_jump_seconds", "seconds", &[], "By how much the clock was set within the last hour, or is behind the log"),
        ],
    },
    Group {
        title: "The process",
        metrics: &[
            row(Counter, "annals_actor_failures_total", "failures", &[], "Parts that failed and were started again"),
            row(Counter, "annals_operations_log_failures_total", "lines", &[], "Lines not written to the file of the operations log"),
        ],
    },
];

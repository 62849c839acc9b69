//! What a bundle may hold at most. A writer refuses more, a verifier reads no further.

/// The largest archive, bytes: what the fields of a ZIP archive without extensions can say.
pub const ARCHIVE_LEN_MAX: u64 = u32::MAX as u64;
/// The most events.
pub const EVENTS_MAX: u64 = 100_000;
/// The most streams; so the manifest, which names each, stays a small file.
pub const STREAMS_MAX: usize = 20_000;
/// The most shards: as many as a policy can have keys of logs.
pub const SHARDS_MAX: usize = annals_tlog::policy::POLICY_ITEMS_MAX;
/// The longest line of `events.ndjson` or `heads.ndjson`, bytes, without its newline.
pub const LINE_LEN_MAX: usize = 2 * 1024 * 1024;
/// The longest of the other files, bytes.
pub const SMALL_FILE_LEN_MAX: usize = 8 * 1024 * 1024;
/// The longest scope, bytes of canonical JSON.
pub const SCOPE_LEN_MAX: usize = 64 * 1024;
/// The deepest nesting of JSON.
pub const DEPTH_MAX: usize = 64;
/// The largest number anywhere: beyond it JSON readers that use floating point round.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
/// The longest name of a stream, bytes.
pub const STREAM_NAME_LEN_MAX: usize = 255;
/// The longest name of a shard, bytes.
pub const SHARD_NAME_LEN_MAX: usize = 64;
/// The longest name of a part, bytes.
pub const PART_NAME_LEN_MAX: usize = 64;
/// The longest origin of a log, bytes: a key name has 255, and the kind of key stands behind it.
pub const ORIGIN_LEN_MAX: usize = 180;
/// How many findings a report keeps; the others are counted.
pub const FINDINGS_MAX: usize = 100;

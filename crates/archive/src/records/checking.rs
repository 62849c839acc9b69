//! Between rows and records: what a row tells beside its header must be what the header says.

use annals_domain::Position;
use annals_ports::LogEntry;
use annals_record::{DecodeError, Record};

use super::{Content, PieceRow};

/// A row that contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// Its header is not one.
    #[error("the record at position {} has a header that cannot be read", .position.0)]
    Header {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A column says something else than the header.
    #[error("the record at position {} has another {what} than its header tells", .position.0)]
    Differs {
        /// Where.
        position: Position,
        /// Which column.
        what: &'static str,
    },
}

impl PieceRow {
    /// The row of a record that lies in the log; `stored_bytes` is its length there.
    pub fn of_entry(entry: LogEntry, stored_bytes: u32) -> Self {
        let LogEntry { position, revision, record } = entry;
        Self {
            position,
            revision,
            leaf: Some(record.header_digest()),
            stream: record.stream,
            tenant: record.tenant,
            id: record.id,
            fingerprint: record.fingerprint,
            stored_bytes,
            content: Content::Kept { header: record.header, groups: record.groups },
        }
    }

    /// Whether what it tells agrees with its header and leaf.
    pub fn check(&self) -> Result<(), RowError> {
        let Content::Kept { header, .. } = &self.content else { return Ok(()) };
        let record = Record::of_parts(header.clone(), Vec::new(), self.fingerprint)
            .map_err(|source| RowError::Header { position: self.position, source })?;
        self.compare(&record)
    }

    fn compare(&self, record: &Record) -> Result<(), RowError> {
        let compared = [
            ("leaf", self.leaf == Some(record.header_digest())),
            ("id", self.id == record.id),
            ("tenant", self.tenant == record.tenant),
            ("stream", self.stream == record.stream),
        ];
        match compared.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(RowError::Differs { position: self.position, what }),
            None => Ok(()),
        }
    }

    /// The record with its place, checked against its header and leaf; `None` where it was removed.
    ///
    /// # Errors
    /// When a column contradicts the header: the piece was put together wrongly, or changed.
    pub fn into_entry(mut self) -> Result<Option<LogEntry>, RowError> {
        let Content::Kept { header, groups } = &mut self.content else { return Ok(None) };
        let (header, groups) = (std::mem::take(header), std::mem::take(groups));
        let position = self.position;
        let record = Record::of_parts(header, groups, self.fingerprint)
            .map_err(|source| RowError::Header { position, source })?;
        self.compare(&record)?;
        Ok(Some(LogEntry { position, revision: self.revision, record }))
    }
}

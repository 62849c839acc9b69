//! The keys of a server before its log is followed: whose log it is follows from the root key, which
//! lies on the server too.

use std::sync::Arc;

use annals_ports::KeyStoreError;

use super::{EventStoreKeys, error};
use crate::address::Address;
use crate::connection::{
    Connection, FOREIGN_EVENTS_LOOKED_AT, Refusal, State, key_check_of, refuse_foreign,
};
use crate::settings::Settings;
use crate::streams::Streams;

impl EventStoreKeys {
    /// Connects for keys alone; `None`: the server cannot be reached at this moment.
    ///
    /// # Errors
    /// [`Refusal`] when waiting would not help.
    pub async fn connect(address: Address, settings: Settings) -> Result<Option<Self>, Refusal> {
        let connection = Arc::new(Connection::open(address, settings.clone(), None));
        match connection.first_attempt().await {
            State::Up(generation) => {
                // Only reading shows whether user and password are accepted.
                match generation.head(settings.read_patience).await {
                    Ok(_) => Ok(Some(Self::new(Streams::new(connection, settings)))),
                    Err(failure) => match Refusal::of(connection.address(), &failure) {
                        refusal if refusal.is_definite() => Err(refusal),
                        _ => Ok(None),
                    },
                }
            }
            State::Refused(refusal) => Err(refusal),
            State::New | State::Down { .. } => Ok(None),
        }
    }

    /// Refuses a server without our mark that somebody else writes to, before anything is written there.
    ///
    /// # Errors
    /// [`Refusal::Foreign`], or [`Refusal::Unreachable`] when the server does not answer.
    pub async fn refuse_foreign(&self) -> Result<(), Refusal> {
        let address = self.streams.connection().address();
        let oldest = self.streams.read_all_from(None, FOREIGN_EVENTS_LOOKED_AT).await;
        let oldest = oldest.map_err(|failure| Refusal::of(address, &failure))?;
        refuse_foreign(&oldest, self.streams.names(), address)
    }

    /// What the server's mark says of the root key it was begun under; `None`: it has no mark of Annals.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn key_check(&self) -> Result<Option<String>, KeyStoreError> {
        let mark = self.streams.read_last(&self.streams.names().installation()).await;
        let mark = mark.map_err(|failure| error("reading the mark of the event log", failure))?;
        Ok(mark.and_then(|mark| key_check_of(&mark.data)))
    }
}

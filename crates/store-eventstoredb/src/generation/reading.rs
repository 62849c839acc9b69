//! Reading from the server.

use std::time::Duration;

use eventstore::{ReadAllOptions, ReadStreamOptions, RecordedEvent, StreamPosition};

use super::{Generation, original};
use crate::failure::Failure;
use crate::wire::Place;

impl Generation {
    /// Up to `limit` events of a stream, forwards from a revision.
    pub(crate) async fn read_forwards(
        &self,
        stream: &str,
        from: u64,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options = ReadStreamOptions::default().position(StreamPosition::Position(from));
        self.read_stream(stream, options.forwards().max_count(limit), patience).await
    }

    /// The last event of a stream.
    pub(crate) async fn read_last(
        &self,
        stream: &str,
        patience: Duration,
    ) -> Result<Option<RecordedEvent>, Failure> {
        let options = ReadStreamOptions::default().position(StreamPosition::End).max_count(1);
        Ok(self.read_stream(stream, options, patience).await?.pop())
    }

    /// A stream that does not exist has no events.
    async fn read_stream(
        &self,
        stream: &str,
        options: ReadStreamOptions,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options =
            self.signed_in(options, |options, credentials| options.authenticated(credentials));
        let (client, stream) = (self.client.clone(), stream.to_owned());
        let reading = async move {
            let mut events = Vec::new();
            let mut answer = client.read_stream(stream, &options).await?;
            while let Some(event) = answer.next().await? {
                events.extend(original(event));
            }
            Ok(events)
        };
        match self.within(patience, reading).await {
            Err(Failure::Missing) => Ok(Vec::new()),
            outcome => outcome,
        }
    }

    /// The place of the newest event of the whole server.
    pub(crate) async fn head(&self, patience: Duration) -> Result<Option<Place>, Failure> {
        let options = ReadAllOptions::default().position(StreamPosition::End).max_count(1);
        let newest = self.read_all(options, patience).await?;
        Ok(newest.first().map(Place::of))
    }

    /// Up to `limit` events of the whole server, from a place on, that included; `None`: from its
    /// beginning.
    pub(crate) async fn read_all_from(
        &self,
        from: Option<Place>,
        limit: usize,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let from = match from {
            Some(place) => StreamPosition::Position(place.into()),
            None => StreamPosition::Start,
        };
        let options = ReadAllOptions::default().position(from).forwards().max_count(limit);
        self.read_all(options, patience).await
    }

    async fn read_all(
        &self,
        options: ReadAllOptions,
        patience: Duration,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        let options =
            self.signed_in(options, |options, credentials| options.authenticated(credentials));
        let client = self.client.clone();
        let reading = async move {
            let mut events = Vec::new();
            let mut answer = client.read_all(&options).await?;
            while let Some(event) = answer.next().await? {
                events.extend(original(event));
            }
            Ok(events)
        };
        self.within(patience, reading).await
    }
}

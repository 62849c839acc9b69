//! Which events a filtered read or subscription passes on.

use crate::event::Event;
use crate::proto::streams::read_req::options::FilterOptions;
use crate::proto::streams::read_req::options::filter_options::{Expression, Filter as By, Window};
use crate::refusal::Refusal;

/// The one regular expression that is understood: no system events.
const NO_SYSTEM_EVENTS: &str = r"^[^\$].*";

/// How many events a page of the real server has.
const PAGE: u32 = 32;

/// A filter by the beginning of stream name or event type.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    by_stream: bool,
    test: Test,
    /// A checkpoint is due after so many events looked at.
    pub(crate) checkpoint_every: u64,
}

#[derive(Debug, Clone)]
enum Test {
    StartsWithOneOf(Vec<String>),
    NoSystemEvents,
}

impl Filter {
    pub(crate) fn read(options: FilterOptions) -> Result<Self, Refusal> {
        let (by_stream, expression) = match options.filter {
            Some(By::StreamIdentifier(expression)) => (true, expression),
            Some(By::EventType(expression)) => (false, expression),
            None => return Err(Refusal::BadRequest("the filter is empty".to_owned())),
        };
        let window = match options.window {
            Some(Window::Max(max)) => max.max(1),
            Some(Window::Count(())) | None => PAGE,
        };
        let checkpoint_every =
            u64::from(window) * u64::from(options.checkpoint_interval_multiplier);
        if checkpoint_every == 0 {
            return Err(Refusal::BadRequest("the checkpoint interval is 0".to_owned()));
        }
        Ok(Self { by_stream, test: Test::read(expression)?, checkpoint_every })
    }

    pub(crate) fn passes(&self, event: &Event) -> bool {
        let text = if self.by_stream { &event.stream } else { &event.event_type };
        match &self.test {
            Test::NoSystemEvents => !text.starts_with('$') && !text.is_empty(),
            Test::StartsWithOneOf(prefixes) => {
                prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
            }
        }
    }
}

impl Test {
    /// A regular expression wins over prefixes, as in the real server.
    fn read(expression: Expression) -> Result<Self, Refusal> {
        match expression.regex.as_str() {
            "" => Ok(Self::StartsWithOneOf(expression.prefix)),
            NO_SYSTEM_EVENTS => Ok(Self::NoSystemEvents),
            other => Err(Refusal::BadRequest(format!(
                "the test double understands no regular expression but {NO_SYSTEM_EVENTS}, and \
                 got {other}; use prefixes"
            ))),
        }
    }
}

//! What callers say to have seen of something before they change it, so that nobody undoes unknowingly what
//! somebody else did meanwhile. What is seen is named after the event that made it so.

use annals_domain::EventId;
use uuid::Uuid;

use crate::error::{ApiError, Code};

/// What a caller saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// They say nothing, which is enough to make something.
    Unsaid,
    /// Whatever there is.
    Anything,
    /// What that event made.
    Event(EventId),
}

impl Seen {
    /// What the event of an id made; whatever there is without one. What is no id is that of nothing.
    pub(crate) fn of_id(id: Option<&str>) -> Self {
        match id {
            None => Self::Anything,
            Some(id) => Self::Event(EventId(id.parse().unwrap_or(Uuid::nil()))),
        }
    }

    /// Refuses to change what is not, or no longer, as the caller saw it: what the event `now` made, or nothing.
    pub(crate) fn require(self, now: Option<EventId>, what: &str) -> Result<(), ApiError> {
        match (self, now) {
            (Self::Anything, _) | (Self::Unsaid, None) => Ok(()),
            (Self::Event(seen), Some(now)) if seen == now => Ok(()),
            (Self::Event(_), _) => {
                let message =
                    format!("{what} was changed by somebody else meanwhile; look at it again");
                Err(ApiError::new(Code::PreconditionFailed, message))
            }
            (Self::Unsaid, Some(_)) => {
                let message = format!(
                    "send the `ETag` of {what} that you saw in the header `If-Match`, or `*`"
                );
                Err(ApiError::new(Code::PreconditionRequired, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> EventId {
        EventId(Uuid::from_u128(number))
    }

    #[test]
    fn what_was_seen_must_be_what_is_there() {
        let code = |seen: Seen, now| seen.require(now, "the rule").err().map(|error| error.code);
        for there in [None, Some(id(1))] {
            assert_eq!(code(Seen::Anything, there), None);
        }
        assert_eq!(code(Seen::Unsaid, None), None);
        assert_eq!(code(Seen::Unsaid, Some(id(1))), Some(Code::PreconditionRequired));
        assert_eq!(code(Seen::Event(id(1)), Some(id(1))), None);
        assert_eq!(code(Seen::Event(id(2)), Some(id(1))), Some(Code::PreconditionFailed));
        assert_eq!(code(Seen::Event(id(1)), None), Some(Code::PreconditionFailed));
        assert_eq!(Seen::of_id(None), Seen::Anything);
        assert_eq!(code(Seen::of_id(Some("nothing")), Some(id(1))), Some(Code::PreconditionFailed));
    }
}

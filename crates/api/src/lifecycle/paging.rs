//! Pages of lists that are in memory, newest first.

use annals_domain::EventId;

use crate::error::{ApiError, Code};

/// Some of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Whether more follow.
    pub(crate) more: bool,
}

/// At most so many behind the one of an id; from the beginning without one.
///
/// # Errors
/// When nothing on the list has that id.
pub(super) fn page_of<T>(
    all: impl Iterator<Item = T>,
    id_of: impl Fn(&T) -> EventId,
    after: Option<EventId>,
    limit: usize,
) -> Result<Page<T>, ApiError> {
    let mut rest = all;
    if let Some(after) = after
        && !rest.any(|one| id_of(&one) == after)
    {
        return Err(unknown());
    }
    let items = rest.by_ref().take(limit).collect();
    Ok(Page { items, more: rest.next().is_some() })
}

/// The cursor of something on such a list is its id.
pub(crate) fn cursor(text: &str) -> Result<EventId, ApiError> {
    text.parse().map(EventId).map_err(|_| unknown())
}

fn unknown() -> ApiError {
    let message = "the cursor is of nothing on this list; begin at its beginning";
    ApiError::new(Code::InvalidCursor, message)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> EventId {
        EventId(Uuid::from_u128(number))
    }

    fn page(after: Option<u128>, limit: usize) -> Result<(Vec<u128>, bool), Code> {
        let page = page_of(1..=3_u128, |one| id(*one), after.map(id), limit);
        page.map(|page| (page.items, page.more)).map_err(|error| error.code)
    }

    #[test]
    fn pages_follow_one_another_and_the_last_says_that_it_is() {
        assert_eq!(page(None, 2), Ok((vec![1, 2], true)));
        assert_eq!(page(Some(2), 2), Ok((vec![3], false)));
        assert_eq!(page(None, 3), Ok((vec![1, 2, 3], false)));
        assert_eq!(page(Some(3), 2), Ok((vec![], false)));
        assert_eq!(page(Some(4), 2), Err(Code::InvalidCursor));
    }
}

//! What the caller can put right: told beside the answer, in `userErrors`.

use async_graphql::{ID, Result, SimpleObject};

use super::failure::failed;
use crate::error::{ApiError, Code};

/// Something wrong with the input.
#[derive(SimpleObject)]
pub(super) struct UserError {
    /// Path of the field.
    pub(super) field: Vec<String>,
    /// What is wrong, and what would be right.
    pub(super) message: String,
    /// Stable word for programs.
    pub(super) code: String,
    /// Where the refused event is kept.
    pub(super) quarantine_id: Option<ID>,
}

impl UserError {
    /// About a field of the input; about the whole of it when the field is empty.
    pub(super) fn of_input(field: &str, message: impl Into<String>, code: &str) -> Self {
        let names = ["input", field].into_iter().filter(|name| !name.is_empty());
        Self {
            field: names.map(camel_case).collect(),
            message: message.into(),
            code: code.into(),
            quarantine_id: None,
        }
    }
}

/// What was done, or what the caller can put right; everything else is no answer at all. What is wrong with no
/// single field is told of the field `about`.
pub(super) fn told<T>(
    done: Result<T, ApiError>,
    about: &str,
) -> Result<(Option<T>, Vec<UserError>)> {
    match done {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(error) => user_errors(error, about).map(|errors| (None, errors)),
    }
}

/// The same for what was not done.
pub(super) fn user_errors(error: ApiError, about: &str) -> Result<Vec<UserError>> {
    match error.code {
        Code::BadUserInput if !error.errors.is_empty() => {
            let of_field = |wrong: &annals_domain::problem::FieldError| {
                let code = wrong.code.as_str().to_ascii_uppercase();
                UserError::of_input(&wrong.path, wrong.message.clone(), &code)
            };
            Ok(error.errors.iter().map(of_field).collect())
        }
        Code::BadUserInput | Code::NotFound | Code::Conflict => {
            Ok(vec![UserError::of_input(about, error.message, error.code.as_str())])
        }
        Code::PreconditionFailed => {
            let error = UserError::of_input("seen_event_id", error.message, error.code.as_str());
            Ok(vec![error])
        }
        _ => Err(failed(error)),
    }
}

/// As GraphQL writes names: `legalBasis` for `legal_basis`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |whole, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        whole + &head.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_in_the_schema() {
        for (rest, graphql) in [("id", "id"), ("legal_basis", "legalBasis"), ("", "")] {
            assert_eq!(camel_case(rest), graphql);
        }
        assert_eq!(UserError::of_input("", "m", "C").field, ["input"]);
        assert_eq!(UserError::of_input("legal_basis", "m", "C").field, ["input", "legalBasis"]);
    }
}

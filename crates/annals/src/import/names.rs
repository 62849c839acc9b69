//! Event types from a vendor's action names.
//!
//! `aws.ec2.modify_image_attribute` is easier to read and to query than four vendors' four ways of
//! writing. The vendor's own word always stays in the metadata.

#[cfg(test)]
mod tests;

/// A word of an event type: lower case, words joined by `_`, nothing but `a-z`, `0-9` and `_`.
///
/// `ModifyDBInstance` is `modify_db_instance`, `ListWebACLs` is `list_web_acls`,
/// `CREATE_APPLICATION_SETTING` is `create_application_setting`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 8);
    for (i, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            separate(&mut snake);
        } else {
            if i > 0 && begins_word(&letters, i) {
                separate(&mut snake);
            }
            snake.push(letter.to_ascii_lowercase());
        }
    }
    snake.trim_end_matches('_').to_owned()
}

fn separate(snake: &mut String) {
    if !snake.is_empty() && !snake.ends_with('_') {
        snake.push('_');
    }
}

/// A capital begins a word after a small letter or digit, and at the end of an acronym, unless what
/// follows is only the acronym's plural `s`.
fn begins_word(letters: &[char], i: usize) -> bool {
    if !letters[i].is_ascii_uppercase() {
        return false;
    }
    let previous = letters[i - 1];
    if previous.is_ascii_lowercase() || previous.is_ascii_digit() {
        return true;
    }
    let next_is_small = letters.get(i + 1).is_some_and(char::is_ascii_lowercase);
    let is_plural = letters.get(i + 1) == Some(&'s')
        && !letters.get(i + 2).is_some_and(char::is_ascii_lowercase);
    previous.is_ascii_uppercase() && next_is_small && !is_plural
}

/// A dotted action in the same form, word by word: `repo.create`.
pub(crate) fn dotted(action: &str) -> String {
    let words: Vec<String> = action.split('.').map(snake).filter(|word| !word.is_empty()).collect();
    words.join(".")
}

/// An AWS event name without the API version that some services write behind it:
/// `UpdateFunctionConfiguration20150331v2`.
pub(crate) fn without_api_version(name: &str) -> &str {
    let stem = name
        .rsplit_once('v')
        .filter(|(_, version)| !version.is_empty() && all_digits(version))
        .map_or(name, |(stem, _)| stem);
    match stem.len().checked_sub(8).and_then(|at| stem.split_at_checked(at)) {
        Some((action, date)) if !action.is_empty() && all_digits(date) => action,
        _ => name,
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

//! Vouches for what Annals writes where others can write as well.

use aws_lc_rs::hmac;

/// Bytes of a tag.
const TAG_LEN: usize = 32;

/// Makes and checks tags: HMAC-SHA-256. Whoever has no such key can neither make one nor change what one
/// stands under.
#[derive(Clone)]
pub struct MarkKey(hmac::Key);

impl MarkKey {
    /// A key that was derived for this purpose alone.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The tag of a content under a name. The length of the name goes in too, so that no two of them give
    /// the same bytes.
    pub fn tag(&self, name: &str, content: &[u8]) -> [u8; TAG_LEN] {
        let tag = self.begun(name, content).sign();
        *tag.as_ref().first_chunk().expect("HMAC-SHA-256 gives 32 bytes")
    }

    /// Whether this is the tag; how long that takes tells nothing of it.
    pub fn vouches(&self, name: &str, content: &[u8], tag: &[u8]) -> bool {
        let expected = self.tag(name, content);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected, tag).is_ok()
    }

    fn begun(&self, name: &str, content: &[u8]) -> hmac::Context {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(content);
        mac
    }
}

impl std::fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_for_its_name_its_content_and_its_key_alone() {
        let key = MarkKey::new(&[7; 32]);
        let tag = key.tag("s", b"content");
        assert!(key.vouches("s", b"content", &tag));
        assert!(!key.vouches("t", b"content", &tag));
        assert!(!key.vouches("s", b"other", &tag));
        assert!(!MarkKey::new(&[8; 32]).vouches("s", b"content", &tag));
        assert!(!key.vouches("s", b"content", &tag[..31]) && !key.vouches("s", b"content", &[]));
        assert_ne!(key.tag("sc", b"ontent"), tag, "what is moved from one to the other shows");
        assert_eq!(format!("{key:?}"), "MarkKey(hidden)");
    }
}

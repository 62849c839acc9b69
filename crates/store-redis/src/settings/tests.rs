//! Reading `[redis]`.

use super::*;

#[test]
fn the_section_is_read_and_its_address_is_not_shown() {
    let read = |text| toml::from_str::<RedisSettings>(text);
    let settings = read("url = \"redis://:s3cret@host\"\ntimeout_ms = 50\n").unwrap();
    assert_eq!((settings.url.reveal(), settings.timeout_ms.get()), ("redis://:s3cret@host", 50));
    assert!(!format!("{settings:?}").contains("s3cret"));
    assert!(read("url = \"\"\ntimeout_ms = 50\n").unwrap().url.is_empty());
    for wrong in [
        "url = \"\"\ntimeout_ms = 0\n",
        "url = \"\"\n",
        "url = \"\"\ntimeout_ms = 50\nhost = \"x\"\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

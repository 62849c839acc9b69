//! Buffers are found by what the host was told, and by nothing else.

use super::*;

#[test]
fn a_buffer_is_zeros_and_found_by_its_address_and_length() {
    let mut memory = Memory::new();
    let address = memory.allocate(3).unwrap().addr();
    assert_eq!(memory.bytes(address, 3), Some([0; 3].as_slice()));
    for (address, length) in [(address + 1, 3), (address, 2), (address, 4), (0, 0)] {
        assert_eq!(memory.bytes(address, length), None);
    }
}

#[test]
fn a_released_buffer_is_gone_and_others_stay() {
    let mut memory = Memory::new();
    let first = memory.allocate(3).unwrap().addr();
    let second = memory.keep(b"abc".to_vec()).unwrap().addr();
    memory.release(first, 2);
    assert!(memory.bytes(first, 3).is_some());
    memory.release(first, 3);
    assert_eq!(memory.bytes(first, 3), None);
    assert_eq!(memory.bytes(second, 3), Some(b"abc".as_slice()));
}

#[test]
fn empty_buffers_have_addresses_of_their_own() {
    let mut memory = Memory::new();
    let first = memory.allocate(0).unwrap();
    assert_ne!(first, memory.allocate(0).unwrap());
    assert_eq!(memory.bytes(first.addr(), 0), Some([].as_slice()));
}

#[test]
fn the_longest_buffer_is_made_and_no_longer_one() {
    let mut memory = Memory::new();
    assert!(memory.allocate(BUFFER_LEN_MAX).is_some());
    assert!(memory.allocate(BUFFER_LEN_MAX + 1).is_none());
}

#[test]
fn as_many_buffers_are_made_as_are_allowed_and_not_one_more() {
    let mut memory = Memory::new();
    assert!((0..BUFFERS_MAX).all(|_| memory.allocate(1).is_some()));
    assert!(memory.allocate(1).is_none());
    assert!(memory.keep(vec![1]).is_none());
    let address = memory.buffers[0].as_ptr().addr();
    memory.release(address, 1);
    assert!(memory.keep(vec![1]).is_some());
}

#[test]
fn the_page_tells_the_same_limit() {
    let page = include_str!("../../page/verify.js");
    assert!(page.contains(&format!("const FILE_LEN_MAX = {BUFFER_LEN_MAX};")));
}

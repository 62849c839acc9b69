//! The functions that the host calls. They pass on to [`Memory`], which trusts no address it is given.

#![expect(
    unsafe_code,
    reason = "the name of a function that leaves the module is an unsafe attribute"
)]

use std::cell::RefCell;
use std::ptr;

use crate::evidence::check;
use crate::memory::Memory;

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory::new()) };
}

/// Makes a buffer of zeros that the host may write to; null when there can be none of that length.
#[unsafe(no_mangle)]
extern "C" fn allocate(length: usize) -> *mut u8 {
    MEMORY.with_borrow_mut(|memory| memory.allocate(length).unwrap_or(ptr::null_mut()))
}

/// Checks evidence against keys, both in buffers of their exact lengths, which stay the host's.
///
/// Returns a new buffer: the length of the JSON in 4 bytes, little-endian, and the JSON. Null when
/// an address or a length is not that of a buffer, or there is no room for the answer.
#[unsafe(no_mangle)]
extern "C" fn verify(
    evidence: *const u8,
    evidence_length: usize,
    keys: *const u8,
    keys_length: usize,
) -> *const u8 {
    let answer = MEMORY.with_borrow(|memory| {
        let evidence = memory.bytes(evidence.addr(), evidence_length)?;
        let keys = memory.bytes(keys.addr(), keys_length)?;
        check(evidence, keys).to_prefixed_json()
    });
    let kept = |answer| MEMORY.with_borrow_mut(|memory| memory.keep(answer));
    answer.and_then(kept).unwrap_or(ptr::null())
}

/// Gives a buffer back. Nothing happens when there is none of that address and length.
#[unsafe(no_mangle)]
extern "C" fn release(buffer: *const u8, length: usize) {
    MEMORY.with_borrow_mut(|memory| memory.release(buffer.addr(), length));
}

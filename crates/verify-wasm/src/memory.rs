//! The buffers through which host and module speak.
//!
//! The host names a buffer by its address. The address is only looked up, never followed, so a host
//! that names a wrong one gets no answer and harms nothing.

/// The longest buffer, bytes: the largest evidence that is checked. The page tells the same limit.
pub(crate) const BUFFER_LEN_MAX: usize = 64 * 1024 * 1024;
/// The most buffers at a time: evidence, keys and report, and as many again.
pub(crate) const BUFFERS_MAX: usize = 6;

/// All buffers that the host has.
#[derive(Debug)]
pub(crate) struct Memory {
    buffers: Vec<Vec<u8>>,
}

impl Memory {
    /// No buffers.
    pub(crate) const fn new() -> Self {
        Self { buffers: Vec::new() }
    }

    /// Makes a buffer of zeros; none when it would be too long or one too many, or memory is short.
    pub(crate) fn allocate(&mut self, length: usize) -> Option<*mut u8> {
        if length > BUFFER_LEN_MAX || self.buffers.len() == BUFFERS_MAX {
            return None;
        }
        let mut buffer = Vec::new();
        // An empty buffer has an address of its own, too.
        buffer.try_reserve_exact(length.max(1)).ok()?;
        buffer.resize(length, 0);
        self.buffers.push(buffer);
        self.buffers.last_mut().map(Vec::as_mut_ptr)
    }

    /// Makes a buffer of bytes that are there already, of any length.
    pub(crate) fn keep(&mut self, bytes: Vec<u8>) -> Option<*const u8> {
        if self.buffers.len() == BUFFERS_MAX {
            return None;
        }
        self.buffers.push(bytes);
        self.buffers.last().map(Vec::as_ptr)
    }

    /// What a buffer holds; none when there is none of that address and length.
    pub(crate) fn bytes(&self, address: usize, length: usize) -> Option<&[u8]> {
        self.place(address, length).map(|place| self.buffers[place].as_slice())
    }

    /// Frees a buffer, if there is one of that address and length.
    pub(crate) fn release(&mut self, address: usize, length: usize) {
        if let Some(place) = self.place(address, length) {
            self.buffers.swap_remove(place);
        }
    }

    fn place(&self, address: usize, length: usize) -> Option<usize> {
        let is_it = |buffer: &Vec<u8>| buffer.as_ptr().addr() == address && buffer.len() == length;
        self.buffers.iter().position(is_it)
    }
}

#[cfg(test)]
mod tests;

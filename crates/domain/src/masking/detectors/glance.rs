//! One look at every byte of a text, after which most texts need no other.

/// A run of characters of tokens has at least so many before any pattern is tried: that of the
/// shortest key that is known.
const RUN_MIN: usize = 16;

/// What a text is made of.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Glance {
    digits: usize,
    run: usize,
    colon: bool,
    equals: bool,
    dashes: bool,
    angle: bool,
}

const DIGIT: u8 = 1;
const TOKEN: u8 = 2;
const COLON: u8 = 4;
const EQUALS: u8 = 8;
const DASH: u8 = 16;
const ANGLE: u8 = 32;

/// What each byte is.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let letter = byte as u8;
        if letter.is_ascii_alphanumeric()
            || matches!(letter, b'_' | b'-' | b'.' | b'~' | b'+' | b'/')
        {
            classes[byte] |= TOKEN;
        }
        if letter.is_ascii_digit() {
            classes[byte] |= DIGIT;
        }
        byte += 1;
    }
    classes[b':' as usize] |= COLON;
    classes[b'=' as usize] |= EQUALS;
    classes[b'-' as usize] |= DASH;
    classes[b'<' as usize] |= ANGLE;
    classes
};

impl Glance {
    pub(in super::super) fn of(text: &[u8]) -> Self {
        let (mut digits, mut seen, mut run, mut longest) = (0, 0_u8, 0, 0);
        let mut before = 0;
        let mut dashes = 0_u8;
        for byte in text {
            let class = CLASSES[usize::from(*byte)];
            seen |= class;
            digits += usize::from(class & DIGIT);
            run = if class & TOKEN == 0 { 0 } else { run + 1 };
            longest = longest.max(run);
            dashes |= before & class;
            before = class;
        }
        Self {
            digits,
            run: longest,
            colon: seen & COLON != 0,
            equals: seen & EQUALS != 0,
            dashes: dashes & DASH != 0,
            angle: seen & ANGLE != 0,
        }
    }

    /// Whether no detector can find anything.
    pub(in super::super) fn is_plain(&self) -> bool {
        self.digits < 9 && self.run < RUN_MIN && !self.assigns()
    }

    pub(in super::super) fn digits(&self) -> usize {
        self.digits
    }

    pub(in super::super) fn has_colon(&self) -> bool {
        self.colon
    }

    pub(in super::super) fn has_fence(&self) -> bool {
        self.dashes
    }

    /// Whether something may be given a value: `name=`, `name:`, `--name`, `<name>`.
    pub(in super::super) fn assigns(&self) -> bool {
        self.colon || self.equals || self.dashes || self.angle
    }

    pub(in super::super) fn may_hold_token(&self) -> bool {
        self.run >= RUN_MIN
    }
}

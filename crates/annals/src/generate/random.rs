//! Random numbers that are the same for the same seed, on every machine and in every version.

/// xoshiro256++ by Blackman and Vigna.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: [u64; 4],
}

/// Spreads a number over all 64 bits (the finish of splitmix64): near numbers give far ones.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let first = mix(seed);
        let second = mix(first);
        let third = mix(second);
        Self { state: [first, second, third, mix(third)] }
    }

    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number in the range, both ends included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in so many of 100 cases.
    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// A number from 0 to less than 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of the items, of which there is at least one.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// Likewise, for items that are only borrowed.
    pub(super) fn pick_text<'a>(&mut self, items: &'a [String]) -> &'a str {
        &items[self.below(items.len() as u64) as usize]
    }
}

/// Zipf's law: the k-th most frequent of `count` things comes with a weight of `1 / k^1.05`.
///
/// Drawn by rejection-inversion (Hörmann and Derflinger, 1996): no table, so it costs the same for
/// a hundred things and for a hundred million.
#[derive(Debug, Clone)]
pub(super) struct Zipf {
    count: u64,
    area_from: f64,
    area_to: f64,
    shortcut: f64,
}

const EXPONENT: f64 = 1.05;
/// Nearly all draws are taken at the first try; so many in a row never fail.
const TRIES_MAX: usize = 64;

impl Zipf {
    pub(super) fn new(count: u64) -> Self {
        let area_from = area(1.5) - 1.0;
        let area_to = area(count as f64 + 0.5);
        let shortcut = 2.0 - place_of_area(area(2.5) - height(2.0));
        Self { count, area_from, area_to, shortcut }
    }

    /// A rank from 0, the most frequent, to less than `count`.
    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        for _ in 0..TRIES_MAX {
            let drawn = self.area_to + random.unit() * (self.area_from - self.area_to);
            let place = place_of_area(drawn);
            let rank = ((place + 0.5) as u64).clamp(1, self.count);
            let k = rank as f64;
            if k - place <= self.shortcut || drawn >= area(k + 0.5) - height(k) {
                return rank - 1;
            }
        }
        0
    }
}

fn height(x: f64) -> f64 {
    x.powf(-EXPONENT)
}

/// The area under `height` up to `x`, but for a constant.
fn area(x: f64) -> f64 {
    (x.powf(1.0 - EXPONENT) - 1.0) / (1.0 - EXPONENT)
}

fn place_of_area(area: f64) -> f64 {
    (1.0 + area * (1.0 - EXPONENT)).powf(1.0 / (1.0 - EXPONENT))
}

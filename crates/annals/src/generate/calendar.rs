//! When events happen: more by day than by night.

use jiff::Timestamp;

use super::random::Random;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How busy each hour of the day is.
const BUSY: [u32; 24] =
    [3, 2, 2, 1, 1, 2, 4, 7, 9, 10, 10, 9, 8, 9, 10, 10, 9, 8, 7, 6, 6, 5, 5, 4];

/// Yields the times of events.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    from_ms: i64,
    span_ms: i64,
    order: Option<Order>,
}

#[derive(Debug, Clone)]
struct Order {
    count: u64,
    made: u64,
}

impl Calendar {
    pub(super) fn new(from: Timestamp, to: Timestamp) -> Self {
        let from_ms = from.as_millisecond();
        Self { from_ms, span_ms: (to.as_millisecond() - from_ms).max(1), order: None }
    }

    pub(super) fn in_order(self, count: u64) -> Self {
        Self { order: Some(Order { count: count.max(1), made: 0 }), ..self }
    }

    /// The next time, milliseconds since 1970.
    pub(super) fn next(&mut self, random: &mut Random) -> i64 {
        let within = random.unit();
        let share = match &mut self.order {
            None => within,
            Some(order) => {
                let share = ((order.made % order.count) as f64 + within) / order.count as f64;
                order.made += 1;
                share
            }
        };
        let even = self.from_ms + (share * self.span_ms as f64) as i64;
        let busy = by_day(even);
        let is_inside = (self.from_ms..self.from_ms + self.span_ms).contains(&busy);
        if is_inside { busy } else { even }
    }
}

/// Moves a time within its day, so that evenly spread ones follow [`BUSY`] and keep their order.
fn by_day(even_ms: i64) -> i64 {
    let day = even_ms.div_euclid(DAY_MS) * DAY_MS;
    let total: u32 = BUSY.iter().sum();
    let mut left = (even_ms - day) as f64 / DAY_MS as f64 * f64::from(total);
    for (hour, busy) in BUSY.iter().enumerate() {
        let busy = f64::from(*busy);
        if left < busy {
            return day + hour as i64 * HOUR_MS + (left / busy * HOUR_MS as f64) as i64;
        }
        left -= busy;
    }
    day + DAY_MS - 1
}

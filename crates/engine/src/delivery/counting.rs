//! The words in which deliveries are counted. Whoever watches the numbers reads the same ones; a test of
//! `annals` holds these against what is written.

/// Counts attempts to deliver.
pub const DELIVERIES: &str = "annals_deliveries_total";
/// Counts deliveries that were given up.
pub const DELIVERIES_PARKED: &str = "annals_deliveries_parked_total";

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It was taken on.
    Delivered,
    /// It failed, and is tried again.
    Failed,
    /// It failed, and is given up.
    Parked,
}

impl DeliveryOutcome {
    /// The label that tells it.
    pub const LABEL: &str = "outcome";

    /// What the label says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Parked => "parked",
        }
    }

    /// Counts an attempt on a channel.
    pub fn count(self, channel: &str) {
        let (channel, outcome) = (channel.to_owned(), self.as_str());
        if self == Self::Parked {
            metrics::counter!("annals_deliveries_parked_total", "channel" => channel.clone())
                .increment(1);
        }
        metrics::counter!("annals_deliveries_total", "channel" => channel, "outcome" => outcome)
            .increment(1);
    }
}

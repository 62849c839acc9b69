//! Numbers out of the service's own metrics, as `/metrics` shows them.

/// What the metrics say at one moment.
pub(crate) struct Numbers {
    text: String,
}

impl Numbers {
    pub(crate) fn read(text: String) -> Self {
        Self { text }
    }

    /// All series of a metric together; none: nothing was counted yet.
    pub(crate) fn find(&self, name: &str) -> Option<f64> {
        self.series(name).map(|(_, value)| value).reduce(|a, b| a + b)
    }

    /// The same, with nothing as 0.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.find(name).unwrap_or_default()
    }

    /// All series of a metric that have this label.
    pub(crate) fn sum_of(&self, name: &str, label: &str, value: &str) -> f64 {
        let wanted = format!("{label}=\"{value}\"");
        let labelled = self.series(name).filter(|(labels, _)| {
            labels.trim_matches(['{', '}']).split(',').any(|label| label == wanted)
        });
        labelled.map(|(_, value)| value).sum()
    }

    /// The labels and values of a metric.
    fn series(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        self.text.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let is_whole_name = labels.is_empty() || labels.starts_with('{');
            is_whole_name.then_some((labels, value.parse().ok()?))
        })
    }
}

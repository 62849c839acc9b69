//! Warnings, at times of the test's choice.

use super::*;

#[test]
fn a_warning_is_given_once_a_minute_and_the_end_of_an_outage_is_told() {
    let (mut outage, begin) = (Outage::default(), Instant::now());
    let after = |seconds| begin + Duration::from_secs(seconds);
    assert_eq!(outage.ended(), News::None, "there was none");
    assert_eq!(outage.failed(after(0)), News::Failing);
    assert_eq!(outage.failed(after(59)), News::None);
    assert_eq!(outage.failed(after(60)), News::Failing);
    assert_eq!(outage.ended(), News::Back);
    assert_eq!(outage.ended(), News::None);
    assert_eq!(outage.failed(after(61)), News::None, "it comes and goes");
    assert_eq!(outage.ended(), News::Back);
}

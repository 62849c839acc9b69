//! What is missing is told at once and in full.

use super::*;

#[test]
fn every_tool_that_is_missing_is_named_with_its_package() {
    let tools = [("node", "nodejs"), ("npm", "npm"), ("/opt/browser", "chromium")];
    assert_eq!(say_missing(&tools, |_| true), Ok(()));
    let told = say_missing(&tools, |tool| tool == "npm").unwrap_err();
    assert!(told.contains("without `node`, `/opt/browser`."), "{told}");
    assert!(told.contains("`apt-get install nodejs chromium`"), "{told}");
}

//! Bodies and parameters that are an operation, and such that are none.

use super::Operation;

fn parameters(text: &str) -> Result<Operation, String> {
    Operation::from_parameters(text).map_err(|error| error.message)
}

#[test]
fn parameters_are_read_as_a_body_would_be() {
    let operation = parameters(
        "query=query+A%28%24a%3AInt%29%7Bme%7Bid%7D%7D&operationName=A\
         &variables=%7B%22a%22%3A1%7D&extensions=null&documentId=sha256:00&unknown=1",
    )
    .unwrap();
    assert_eq!(operation.query.as_deref(), Some("query A($a:Int){me{id}}"));
    assert_eq!(operation.operation_name.as_deref(), Some("A"));
    assert_eq!(operation.variables.unwrap().0["a"], 1);
    assert!(operation.extensions.is_none());
    assert_eq!(operation.document_id.as_deref(), Some("sha256:00"));
    let empty = parameters("query=%7Bme%7D&operationName=&variables=&extensions=").unwrap();
    assert!(empty.operation_name.is_none() && empty.variables.is_none());
    assert!(parameters("").unwrap().query.is_none());
}

#[test]
fn parameters_that_are_wrong_are_refused_by_name() {
    let deep = "[".repeat(70);
    let wide = "0,".repeat(11_000);
    for (text, named) in [
        ("query={a}&query={b}".to_owned(), "`query`"),
        ("variables=5".into(), "`variables`"),
        ("variables=[]".into(), "`variables`"),
        ("variables=\"a\"".into(), "`variables`"),
        ("variables={".into(), "`variables`"),
        ("variables={\"a\":1,\"a\":2}".into(), "`variables`"),
        ("extensions=[1]".into(), "`extensions`"),
        ("query=%ff".into(), "percent-encoded"),
        ("query=%zz".into(), "percent-encoded"),
        (format!("variables={{\"a\":{deep}"), "deep"),
        (format!("variables={{\"a\":[{wide}0]}}"), "values"),
        ("a=1&".repeat(3), "twice"),
        ((0..30).map(|n| format!("a{n}=1&")).collect(), "parameters"),
    ] {
        let message = parameters(&text).unwrap_err();
        assert!(message.contains(named), "{}: {message}", &text[..text.len().min(60)]);
    }
}

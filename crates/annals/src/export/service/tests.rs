use super::super::tests::server::{Prepared, Server, says};
use super::super::tests::{done, job};
use super::*;

const PLACE: &str = "/api/v1/exports/7e1f";

fn service(server: &Server) -> Service {
    service_at(&server.url)
}

fn service_at(url: &str) -> Service {
    Service { pause_first: Duration::ZERO, ..Service::at(url, "secret").unwrap() }
}

async fn order(answers: impl IntoIterator<Item = Prepared>) -> (anyhow::Result<String>, usize) {
    let server = Server::that(answers).await;
    let place = service(&server).request(&Value::Null).await;
    (place, server.asked().len())
}

async fn look(answer: Prepared) -> anyhow::Result<Ready> {
    let server = Server::that([answer]).await;
    service(&server).wait(PLACE, &ProgressBar::hidden()).await
}

fn taken_at(place: &'static str) -> Prepared {
    says(202, job("queued", 0)).with("location", place)
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says_but_not_for_ever() {
    let busy = || says(429, r#"{"detail": "too many exports"}"#).with("retry-after", "0");
    let tries_max = TRIES_MAX as usize;
    let at_the_edge = std::iter::repeat_n(busy(), tries_max - 1).chain([taken_at(PLACE)]);
    let (place, asked) = order(at_the_edge).await;
    assert_eq!((place.unwrap().as_str(), asked), (PLACE, tries_max));
    let past_it = std::iter::repeat_n(busy(), tries_max).chain([taken_at(PLACE)]);
    let (place, asked) = order(past_it).await;
    let error = place.unwrap_err().to_string();
    assert!(error.contains("after 6 tries: 429 Too Many Requests: too many exports"), "{error}");
    assert_eq!(asked, tries_max);
}

#[tokio::test]
async fn an_order_that_may_have_been_taken_is_not_sent_twice_but_a_look_is() {
    let (place, asked) = order([says(502, "gateway"), taken_at(PLACE)]).await;
    assert!(place.unwrap_err().to_string().contains("502 Bad Gateway"));
    assert_eq!(asked, 1);
    let server = Server::that([says(502, "gateway"), says(200, done())]).await;
    assert!(service(&server).wait(PLACE, &ProgressBar::hidden()).await.is_ok());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_token_is_sent_nowhere_but_to_exports_of_the_server() {
    let places = ["https://other.example/api/v1/exports/1", "//other.example/", "@other.example/"];
    for place in places {
        let (place, asked) = order([taken_at(place)]).await;
        assert!(place.unwrap_err().to_string().contains("is --url the address"));
        assert_eq!(asked, 1);
        let mut job = done();
        job["file"] = places[0].into();
        assert!(look(says(200, job)).await.is_err());
    }
    let (place, asked) = order([says(307, "").with("location", "http://127.0.0.1:1/")]).await;
    assert!(place.unwrap_err().to_string().contains("307 Temporary Redirect"));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn what_is_no_job_of_annals_is_not_believed() {
    let mut without_digest = done();
    without_digest["sha256"] = "abcd".into();
    let mut unknown = done();
    unknown["status"] = "baked".into();
    for answer in [without_digest, unknown, Value::Null, "<html>".into()] {
        let error = look(says(200, answer)).await.unwrap_err().to_string();
        assert!(error.contains("did not tell of an export; is --url"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit_and_no_byte_further() {
    let job = done().to_string();
    let padded = |length: usize| format!("{job}{}", " ".repeat(length - job.len()));
    assert!(look(says(200, padded(ANSWER_BYTES_MAX))).await.is_ok());
    let error = look(says(200, padded(ANSWER_BYTES_MAX + 1))).await.unwrap_err();
    assert!(format!("{error:#}").contains("longer than 1048576 bytes"), "{error:#}");
}

#[tokio::test]
async fn a_problem_names_the_field() {
    let problem = r#"{"title": "t", "errors": [{"path": "query", "message": "ends too early"}]}"#;
    let (place, _) = order([says(400, problem)]).await;
    let error = place.unwrap_err().to_string();
    assert!(error.contains("`query`: ends too early; mend the --query"), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = service_at(&url).request(&Value::Null).await.unwrap_err().to_string();
    assert!(error.contains("gave up asking"), "{error}");
    let error = service_at("not a url").request(&Value::Null).await.unwrap_err();
    assert_eq!(exit::code_of(&error), exit::USAGE);
}

#[test]
fn pauses_between_looks_grow_up_to_two_seconds() {
    let pauses: Vec<Duration> =
        std::iter::successors(Some(LOOK_PAUSE_FIRST), |pause| Some(after(*pause)))
            .take(9)
            .collect();
    assert_eq!(pauses[..2], [Duration::from_millis(200), Duration::from_millis(300)]);
    assert!(pauses[..6].is_sorted() && pauses[5] < LOOK_PAUSE_MAX);
    assert_eq!(pauses[6..], [LOOK_PAUSE_MAX; 3]);
}

//! From the document to a Postman collection (2.1): a request for each operation, with tests.
//!
//! Run as a whole it works through a story: what is recorded is found, read by its id and not sent
//! again. Values go from answer to request in variables.

use serde_json::{Map, Value, json};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// What an answer gives to the requests after it: operation, variable, field of the answer.
const KEPT: &[(&str, &str, &str)] =
    &[("recordEvent", "event_id", "id"), ("recordEvent", "position", "position")];

/// What a request takes from answers before it: operation, parameter, value.
const TAKEN: &[(&str, &str, &str)] = &[
    ("getEvent", "id", "{{event_id}}"),
    ("relatedEvents", "id", "{{event_id}}"),
    ("listEvents", "min_position", "{{position}}"),
    ("exportEvents", "format", "json"),
];

/// Operations that the collection's token cannot make, and how it is refused: sockets, which a plain
/// request does not open; relaying, which takes a relay token; what its role does not hold; a code by mail, where
/// no mail is sent; a clock that is another one than the example's; a dispute about an event that is not there; and
/// links without a token.
const REFUSED: &[(&str, u16)] = &[
    ("streamEvents", 400),
    ("relayEvents", 401),
    ("openBreakGlass", 403),
    ("addAddress", 409),
    ("confirmClock", 400),
    ("raiseDispute", 404),
    ("showNotMe", 404),
    ("sayNotMe", 404),
    ("showUnsubscribe", 404),
    ("unsubscribe", 404),
    ("showVerifyAddress", 404),
    ("verifyAddressByLink", 404),
];

/// The collection of a document.
pub(super) fn collection(document: &Value) -> Value {
    let operations = operations(document);
    let groups = document["tags"].as_array().into_iter().flatten().map(|tag| {
        let mine = operations.iter().filter(|one| one.about["tags"][0] == tag["name"]);
        let items: Vec<Value> = mine.flat_map(Told::items).collect();
        json!({ "name": tag["name"], "description": tag["description"], "item": items })
    });
    let secured = operations.iter().filter(|one| !one.is_open());
    let refused: Vec<Value> = secured.map(Told::without_token).collect();
    let refused = json!({
        "name": "Without a token",
        "description": "Nothing that knows its caller answers one who does not say who they are.",
        "item": refused,
    });
    json!({
        "info": {
            "name": "Annals",
            "description": "Made from docs/openapi.json. Set `base_url` and `token`, such as one of \
                            `annals token --sub ann --tenant acme --role admin`.",
            "schema": SCHEMA,
        },
        "auth": { "type": "bearer", "bearer": [{ "key": "token", "value": "{{token}}", "type": "string" }] },
        "variable": [
            { "key": "base_url", "value": "http://127.0.0.1:8080" },
            { "key": "token", "value": "" },
            { "key": "event_id", "value": "" },
            { "key": "position", "value": "" },
            { "key": "etag", "value": "" },
        ],
        "item": groups.chain([refused]).collect::<Vec<_>>(),
    })
}

/// What the document tells of an operation.
struct Told<'a> {
    document: &'a Value,
    method: String,
    path: &'a str,
    about: &'a Value,
}

/// What is recorded comes before what reads it.
fn operations(document: &Value) -> Vec<Told<'_>> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, about) in methods.as_object().into_iter().flatten() {
            found.push(Told { document, method: method.to_uppercase(), path, about });
        }
    }
    found.sort_by_key(|one| (one.path, one.method != "POST", one.method.clone()));
    found
}

impl Told<'_> {
    fn id(&self) -> &str {
        self.about["operationId"].as_str().unwrap_or_default()
    }

    fn is_open(&self) -> bool {
        self.about["security"].as_array().is_some_and(Vec::is_empty)
    }

    fn refused(&self) -> Option<u16> {
        REFUSED.iter().find(|(operation, _)| *operation == self.id()).map(|(_, status)| *status)
    }

    /// The request, and for answers with tags the same again by whoever has the answer.
    fn items(&self) -> Vec<Value> {
        let name = self.about["summary"].as_str().unwrap_or_default();
        let mut items = vec![self.item(name, &[], &self.tests())];
        let tagged = self.about["responses"]["200"]["headers"].get("ETag").is_some();
        if tagged {
            let again = format!("{name}, again");
            let asks = [("If-None-Match", "{{etag}}")];
            items.push(self.item(
                &again,
                &asks,
                &lines(&[
                    "pm.test('what the caller has is not sent again', () => {",
                    "  pm.expect(pm.response.code).to.equal(304);",
                    "  pm.expect(pm.response.text()).to.equal('');",
                    "});",
                ]),
            ));
        }
        items
    }

    fn without_token(&self) -> Value {
        let name = format!("{} {}", self.method, self.path);
        let tests = lines(&[
            "pm.test('who does not say who they are is refused', () => {",
            "  pm.expect(pm.response.code).to.equal(401);",
            "  pm.expect(pm.response.headers.get('Content-Type')).to.equal('application/problem+json');",
            "  pm.expect(pm.response.headers.get('WWW-Authenticate')).to.include('Bearer');",
            "  pm.expect(pm.response.json().code).to.equal('UNAUTHENTICATED');",
            "});",
        ]);
        let mut item = self.item(&name, &[], &tests);
        item["request"]["auth"] = json!({ "type": "noauth" });
        item
    }

    fn item(&self, name: &str, headers: &[(&str, &str)], tests: &[String]) -> Value {
        let mut headers: Vec<Value> =
            headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let mut request = json!({
            "method": self.method,
            "description": self.about["description"],
            "url": self.url(),
        });
        if let Some((media_type, body)) = self.body() {
            headers.push(json!({ "key": "Content-Type", "value": media_type }));
            request["body"] = json!({ "mode": "raw", "raw": body });
        }
        request["header"] = headers.into();
        if self.is_open() {
            request["auth"] = json!({ "type": "noauth" });
        }
        let script = json!({ "type": "text/javascript", "exec": tests });
        json!({
            "name": name,
            "request": request,
            "event": [{ "listen": "test", "script": script }],
        })
    }

    fn parameters(&self, place: &str) -> impl Iterator<Item = &Value> {
        let all = self.about["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    fn taken(&self, parameter: &Value) -> Option<&'static str> {
        let mine = |(operation, name, _): &&(&str, &str, &str)| {
            *operation == self.id() && parameter["name"] == *name
        };
        TAKEN.iter().find(mine).map(|(_, _, value)| *value)
    }

    /// Parameters that have no value yet are there to be filled in.
    fn url(&self) -> Value {
        let segments = self.path.trim_start_matches('/').split('/');
        let segments: Vec<String> = segments
            .map(|one| match one.strip_prefix('{').and_then(|one| one.strip_suffix('}')) {
                Some(name) => format!(":{name}"),
                None => one.to_owned(),
            })
            .collect();
        let query: Vec<Value> = self
            .parameters("query")
            .map(|parameter| {
                let value = self.taken(parameter);
                json!({
                    "key": parameter["name"],
                    "value": value.unwrap_or_default(),
                    "description": parameter["description"],
                    "disabled": value.is_none(),
                })
            })
            .collect();
        let variables: Vec<Value> = self
            .parameters("path")
            .map(|parameter| {
                let example = parameter["example"].as_str().unwrap_or_default();
                json!({ "key": parameter["name"], "value": self.taken(parameter).unwrap_or(example) })
            })
            .collect();
        let mut url = json!({
            "raw": format!("{{{{base_url}}}}/{}", segments.join("/")),
            "host": ["{{base_url}}"],
            "path": segments,
        });
        for (name, values) in [("query", query), ("variable", variables)] {
            if !values.is_empty() {
                url[name] = values.into();
            }
        }
        url
    }

    /// The first example of the first form.
    fn body(&self) -> Option<(&str, String)> {
        let forms = self.about["requestBody"]["content"].as_object()?;
        let (media_type, form) = forms.iter().next()?;
        let example = form["examples"].as_object()?.keys().next()?;
        let value = &self.document["components"]["examples"][example]["value"];
        let text = value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned);
        Some((media_type, text))
    }

    fn tests(&self) -> Vec<String> {
        let responses = self.about["responses"].as_object();
        let statuses =
            || responses.into_iter().flatten().filter_map(|(s, _)| s.parse::<u16>().ok());
        // What a path names may not be there, unless an answer before gave its id.
        let names_nothing = self.parameters("path").any(|one| self.taken(one).is_none());
        let refused = self.refused();
        let expected: Vec<u16> = match (refused, names_nothing) {
            (Some(status), _) => vec![status],
            (None, true) => statuses().filter(|s| *s < 500 && *s != 401 && *s != 403).collect(),
            (None, false) => statuses().filter(|s| (200..300).contains(s)).collect(),
        };
        let kinds: Map<String, Value> = responses
            .into_iter()
            .flatten()
            .filter_map(|(status, answer)| {
                let kind = answer["content"].as_object()?.keys().next()?;
                Some((status.clone(), json!(kind)))
            })
            .collect();
        let expected = json!(expected);
        let mut tests = lines(&[
            &format!("pm.test('the status is one of {expected}', () => {{"),
            &format!("  pm.expect({expected}).to.include(pm.response.code);"),
            "});",
            &format!("const kinds = {};", Value::Object(kinds)),
            "pm.test('the kind of answer is the one that is described', () => {",
            "  const other = pm.response.code < 400 ? undefined : 'application/problem+json';",
            "  const kind = kinds[pm.response.code] ?? other;",
            "  if (kind) pm.expect(pm.response.headers.get('Content-Type')).to.equal(kind);",
            "});",
            "pm.test('the answer has a name and is only what it says', () => {",
            "  pm.expect(pm.response.headers.get('X-Request-Id')).to.be.a('string').and.not.empty;",
            "  pm.expect(pm.response.headers.get('X-Content-Type-Options')).to.equal('nosniff');",
            "});",
        ]);
        let required = self.required();
        if !required.is_empty() {
            tests.extend(lines(&[
                "pm.test('the answer has all it must have', () => {",
                &format!(
                    "  if (pm.response.code < 300) pm.expect(pm.response.json()).to.include.all.keys({});",
                    json!(required)
                ),
                "});",
            ]));
        }
        if !self.is_open() && refused.is_none() {
            tests.extend(lines(&[
                "pm.test('the answer tells of quotas', () => {",
                "  pm.expect(pm.response.headers.has('RateLimit')).to.be.true;",
                "});",
            ]));
        }
        if self.about["responses"]["200"]["headers"].get("ETag").is_some() {
            tests.push(
                "pm.collectionVariables.set('etag', pm.response.headers.get('ETag'));".into(),
            );
        }
        for (_, variable, field) in KEPT.iter().filter(|(operation, ..)| *operation == self.id()) {
            tests.push(format!(
                "pm.collectionVariables.set('{variable}', pm.response.json().{field});"
            ));
        }
        tests
    }

    /// The fields that a good JSON answer must have.
    fn required(&self) -> Vec<&str> {
        let schema = ["200", "201", "202"].iter().find_map(|status| {
            let content = &self.about["responses"][status]["content"]["application/json"];
            content.get("schema")
        });
        let Some(mut schema) = schema else { return Vec::new() };
        if let Some(name) = schema["$ref"].as_str() {
            schema = self.document.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null);
        }
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

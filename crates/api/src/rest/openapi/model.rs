//! What a row of the table of operations says.

use crate::layers::etag::Tag;

/// A method of an address.
#[derive(Debug)]
pub(crate) struct Operation {
    /// In capitals.
    pub(crate) method: &'static str,
    /// As in the table of routes.
    pub(crate) path: &'static str,
    /// Its name for programs that are generated.
    pub(crate) id: &'static str,
    /// Which group it belongs to; one of [`super::document::GROUPS`].
    pub(crate) group: &'static str,
    /// A few words.
    pub(crate) summary: &'static str,
    /// Markdown.
    pub(crate) description: &'static str,
    /// Whether it answers without a token.
    pub(crate) open: bool,
    pub(crate) parameters: &'static [Parameter],
    /// Those that find events; an address takes all of them or none.
    pub(crate) filters: &'static [Parameter],
    /// The forms a body may have; none: there is no body.
    pub(crate) body: &'static [Content],
    pub(crate) answers: &'static [Answer],
    /// Refusals beside those that follow from the rest of the row ([`Operation::refusals`]).
    pub(crate) problems: &'static [u16],
    /// Whether good answers have a tag, and of which strength.
    pub(crate) tag_of_answer: Option<Tag>,
    /// Whether an answer holds a secret, and so is never compressed.
    pub(crate) secret: bool,
}

/// A row that says nothing, to be filled in: `Operation { id: …, ..ROW }`.
pub(crate) const ROW: Operation = Operation {
    method: "GET",
    path: "",
    id: "",
    group: "",
    summary: "",
    description: "",
    open: false,
    parameters: &[],
    filters: &[],
    body: &[],
    answers: &[],
    problems: &[],
    tag_of_answer: None,
    secret: false,
};

/// A parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `query`, `path` or `header`.
    pub(crate) place: &'static str,
    pub(crate) description: &'static str,
    /// JSON, or `#Name` for a schema of the components.
    pub(crate) schema: &'static str,
    /// JSON; empty: none.
    pub(crate) example: &'static str,
}

/// One form of a body or an answer.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    /// JSON, or `#Name` for a schema of the components.
    pub(crate) schema: &'static str,
    /// Names of examples in `schemas/examples.json`.
    pub(crate) examples: &'static [&'static str],
}

/// An answer that is no refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: &'static [Content],
    /// Names of headers of the components, beside those that all answers have.
    pub(crate) headers: &'static [&'static str],
    /// Operations that go on from here: name, operation, its parameter, where its value stands.
    pub(crate) links: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// An answer that says nothing, to be filled in.
pub(crate) const ANSWER: Answer =
    Answer { status: 200, description: "", content: &[], headers: &[], links: &[] };

/// A JSON answer or body of a schema.
pub(crate) const fn json(schema: &'static str, examples: &'static [&'static str]) -> Content {
    Content { media_type: "application/json", schema, examples }
}

/// An answer in plain text.
pub(crate) const TEXT: Content = Content {
    media_type: "text/plain; charset=utf-8",
    schema: r#"{"type":"string"}"#,
    examples: &[],
};

/// A query parameter.
pub(crate) const fn query(
    name: &'static str,
    description: &'static str,
    schema: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, place: "query", description, schema, example }
}

impl Operation {
    /// Everything it can be told beside its body.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.parameters.iter().chain(self.filters)
    }

    /// The kinds of its good answers; none when it speaks something else than HTTP.
    pub(crate) fn produces(&self) -> Vec<&'static str> {
        let good = self.answers.iter().filter(|answer| answer.status < 300);
        let kinds = good.flat_map(|answer| answer.content);
        let mut kinds: Vec<_> = kinds.map(|content| essence(content.media_type)).collect();
        kinds.dedup();
        kinds
    }

    /// Every status of a refusal, rising.
    pub(crate) fn refusals(&self) -> Vec<u16> {
        let mut refusals = self.problems.to_vec();
        if !self.open {
            refusals.extend([401, 403, 429, 503]);
        }
        if !self.produces().is_empty() {
            refusals.push(406);
        }
        if !self.body.is_empty() {
            refusals.extend([400, 408, 413, 415, 503]);
        }
        if self.parameters().next().is_some() {
            refusals.push(400);
        }
        refusals.push(500);
        refusals.sort_unstable();
        refusals.dedup();
        refusals
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

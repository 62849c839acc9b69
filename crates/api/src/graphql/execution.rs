//! Running an operation: the one way to the schema, for POST, GET, events and sockets alike.

use annals_domain::{Position, TenantId};
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Request, Response};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::AnnalsSchema;
use super::document;
use super::documents::Documents;
use super::failure::{Refused, refusal, refused_document};
use super::mutation::BodyPermit;
use super::operation::{Object, Operation};
use crate::caller::Caller;
use crate::context::Api;
use crate::error::ApiError;
use crate::self_audit::{self, Interface};

/// An operation whose document was found, checked and parsed.
pub(super) struct Prepared {
    request: Request,
    kind: OperationType,
}

/// How far the log was when a subscription was taken on: what comes after is told, however late the
/// subscription is looked at first.
pub(super) struct TakenOn(pub(super) Position);

/// What an operation gives.
pub(super) enum Executed {
    /// One answer.
    Answer(Box<Response>),
    /// Answers as they come.
    Stream(BoxStream<'static, Response>),
}

impl Prepared {
    /// What the operation is.
    pub(super) fn kind(&self) -> OperationType {
        self.kind
    }

    /// Gives the operation the permit of the body that it came in.
    pub(super) fn with_permit(self, permit: BodyPermit) -> Self {
        Self { request: self.request.data(permit), ..self }
    }
}

/// Finds, checks and parses the document of an operation.
pub(super) fn prepared(
    api: &Api,
    schema: &AnnalsSchema,
    mut operation: Operation,
    tenant: &TenantId,
) -> Result<Prepared, Refused> {
    let documents = schema.data::<Documents>();
    let documents = documents.ok_or_else(|| ApiError::not_found("schema"))?;
    let found = documents.find(&mut operation, tenant)?;
    let parsed = document::checked(&found.text, &api.limits.request)?;
    documents.keep(&found, tenant);
    let chosen = chosen(&parsed, operation.operation_name.as_deref());
    if let Some(chosen) = chosen {
        require_variables(chosen, operation.variables.as_ref())?;
    }
    let kind = chosen.map_or(OperationType::Query, |operation| operation.ty);
    let mut request = Request::new(&*found.text);
    request.set_parsed_query(parsed);
    request.operation_name = operation.operation_name;
    if let Some(Object(variables)) = operation.variables {
        request.variables =
            async_graphql::Variables::from_json(serde_json::Value::Object(variables));
    }
    Ok(Prepared { request, kind })
}

/// The operation that will run. Where none can be told from the others none will run, and the
/// schema says so.
fn chosen<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Option<&'d OperationDefinition> {
    let mut operations = document.operations.iter();
    let chosen = match name {
        Some(name) => operations.find(|(own, _)| own.is_some_and(|own| own == name)),
        // Of several none is chosen, whichever comes first.
        None => operations.next().filter(|_| operations.next().is_none()),
    };
    chosen.map(|(_, operation)| &operation.node)
}

/// Refuses an operation that lacks a value for a variable that must have one. The schema would
/// notice only while it runs, field by field.
fn require_variables(
    operation: &OperationDefinition,
    variables: Option<&Object>,
) -> Result<(), Refused> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = definition.name.node.as_str();
        let is_given = match variables.and_then(|Object(variables)| variables.get(name)) {
            Some(value) => !value.is_null(),
            None => definition.default_value.is_some(),
        };
        if !is_given && !definition.var_type.node.nullable {
            let message = format!("the variable `${name}` must have a value");
            return Err(refused_document("GRAPHQL_VALIDATION_FAILED", message).into());
        }
    }
    Ok(())
}

/// Runs an operation of this caller. Every operation of every transport comes through here, and what
/// an answer shows of others is recorded before it leaves.
pub(super) async fn execute(
    api: &Api,
    schema: &AnnalsSchema,
    caller: Caller,
    prepared: Prepared,
) -> Executed {
    let Prepared { request, kind } = prepared;
    // A mutation is asked about what it did, and a subscription about what comes.
    let asking = match kind {
        OperationType::Query => caller.clone().of_one_state(),
        OperationType::Mutation | OperationType::Subscription => caller.clone(),
    };
    let request = request.data(asking);
    match kind {
        OperationType::Subscription => {
            let api = api.clone();
            let responses = schema.execute_stream(request.data(TakenOn(api.queries.head())));
            let settled = responses.then(move |response| {
                let (api, caller) = (api.clone(), caller.clone());
                async move { settled(&api, &caller, response).await }
            });
            Executed::Stream(settled.boxed())
        }
        OperationType::Query | OperationType::Mutation => {
            let response = schema.execute(request).await;
            Executed::Answer(Box::new(settled(api, &caller, response).await))
        }
    }
}

/// The answer, once it is recorded what it shows of others; a refusal when that cannot be.
async fn settled(api: &Api, caller: &Caller, response: Response) -> Response {
    match self_audit::settle(api, caller, Interface::Graphql).await {
        Ok(()) => response,
        Err(error) => refusal(&error),
    }
}

//! Objects that an S3 store keeps for a time and lets nobody delete (Object Lock).
//!
//! The crate `object_store` has no way to ask for a lock when it writes. So the requests that write are signed
//! once more with the headers of the lock, by the same credentials
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>). Whether an object is locked is told
//! by the headers of its HEAD.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::retention::RetentionSpan;
use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use object_store::aws::{
    AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsAuthorizer, AwsCredentialProvider, Checksum,
};
use object_store::client::{
    ClientConfigKey, ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind,
    HttpRequest, HttpRequestBody, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::signer::Signer;

use super::{ObjectError, Place};

/// How long the address of one question about a lock is good for.
const ASKING: Duration = Duration::from_secs(60);

/// Whether what is written is locked.
#[derive(Debug, Clone, Copy)]
pub enum Locking {
    /// Nothing asks for it.
    Off,
    /// The bucket locks what is put into it.
    Bucket,
    /// Each object is locked when it is written.
    Own(LockMode, RetentionSpan),
}

/// Who may still delete what is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Who has the permission to.
    Governance,
    /// Nobody.
    Compliance,
}

/// What tells of locks.
#[derive(Debug, Clone)]
pub(super) struct LockSource {
    store: Arc<AmazonS3>,
    client: HttpClient,
}

/// Opens a bucket.
pub(super) fn open(
    mut builder: AmazonS3Builder,
    locking: Locking,
) -> object_store::Result<(Arc<AmazonS3>, LockSource)> {
    if !matches!(locking, Locking::Off) {
        builder = builder.with_checksum_algorithm(Checksum::SHA256);
    }
    let lock = match locking {
        Locking::Off => None,
        Locking::Bucket => Some(None),
        Locking::Own(mode, span) => Some(Some((mode, span))),
    };
    if let Some(lock) = lock {
        let credentials = Arc::clone(builder.clone().build()?.credentials());
        let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let signing = Signing { lock, credentials, region };
        builder = builder.with_http_connector(Connector(signing));
    }
    let allow_http = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    let allows_http = builder.get_config_value(&allow_http).is_some_and(|it| it == "true");
    let client =
        ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(allows_http))?;
    let store = Arc::new(builder.build()?);
    Ok((Arc::clone(&store), LockSource { store, client }))
}

impl Place {
    /// Whether what is written here is to be locked.
    pub fn locks(&self) -> bool {
        self.locking
    }

    /// Until when an object cannot be deleted, if it is locked; [`Timestamp::MAX`] when nobody knows the end.
    /// Only S3 stores tell.
    pub async fn locked_until(&self, name: &str) -> Result<Option<Timestamp>, ObjectError> {
        let Some(LockSource { store, client }) = &self.locks else { return Ok(None) };
        let path = self.path(name);
        let failed = |source| self.failed("see whether it is locked:", name, source);
        let url = store.signed_url(Method::HEAD, &path, ASKING).await.map_err(failed)?;
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| {
            failed(object_store::Error::Generic { store: "S3", source })
        };
        let request = http::Request::builder().method(Method::HEAD).uri(url.as_str());
        let request =
            request.body(HttpRequestBody::empty()).map_err(|error| wrong(error.into()))?;
        let answer = client.execute(request).await.map_err(|error| wrong(error.into()))?;
        if answer.status() == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !answer.status().is_success() {
            return Err(wrong(format!("the store answered {}", answer.status()).into()));
        }
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if header("x-amz-object-lock-legal-hold") == Some("ON") {
            return Ok(Some(Timestamp::MAX));
        }
        let until = header("x-amz-object-lock-retain-until-date");
        let until = until.map(|text| text.parse().unwrap_or(Timestamp::MAX));
        Ok(until.filter(|until| *until > Timestamp::now()))
    }
}

/// How requests that write are signed once more.
#[derive(Debug, Clone)]
struct Signing {
    /// Which lock is asked for; none where the bucket sets it.
    lock: Option<(LockMode, RetentionSpan)>,
    credentials: AwsCredentialProvider,
    region: String,
}

/// Makes clients that lock what they write.
#[derive(Debug)]
struct Connector(Signing);

#[derive(Debug)]
struct Locker {
    signing: Signing,
    inner: HttpClient,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Locker { signing: self.0.clone(), inner }))
    }
}

#[async_trait]
impl HttpService for Locker {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let writes = request.method() == Method::PUT && request.uri().query().is_none();
        // Without a signature there is no account to lock anything for.
        if writes && request.headers().contains_key(AUTHORIZATION) {
            self.signing.lock(&mut request).await?;
        }
        self.inner.execute(request).await
    }
}

impl Signing {
    async fn lock(&self, request: &mut HttpRequest) -> Result<(), HttpError> {
        let failed = |error| HttpError::new(HttpErrorKind::Request, error);
        let headers = request.headers_mut();
        // Stores take nothing that is to be locked without one, and want it to be named.
        headers.insert("x-amz-sdk-checksum-algorithm", HeaderValue::from_static("SHA256"));
        if let Some((mode, span)) = self.lock {
            let until = span.end(Timestamp::now()).unwrap_or(Timestamp::MAX);
            let until = HeaderValue::from_str(&format!("{until:.0}"))
                .map_err(|error| HttpError::new(HttpErrorKind::Request, error))?;
            let mode = match mode {
                LockMode::Governance => "GOVERNANCE",
                LockMode::Compliance => "COMPLIANCE",
            };
            headers.insert("x-amz-object-lock-mode", HeaderValue::from_static(mode));
            headers.insert("x-amz-object-lock-retain-until-date", until);
        }
        headers.remove(AUTHORIZATION);
        let credential = self.credentials.get_credential().await.map_err(failed)?;
        let signer = AwsAuthorizer::new(&credential, "s3", &self.region);
        signer.try_authorize(request, None).map_err(failed)
    }
}

//! All ways out that the settings name.

use std::sync::Arc;

use annals_ports::Carrier;

use crate::{
    AdapterCarrier, EmailCarrier, EmailError, EmailSettings, Links, OutgoingError, OutgoingHttp,
    OutgoingSettings, SlackCarrier, SyslogCarrier, SyslogError, SyslogSettings, TemplateError,
    TemplateSettings, Templates, WebhookCarrier,
};

/// What carriers are opened by.
#[derive(Debug, Clone, Copy)]
pub struct CarrierSettings<'a> {
    /// `[email]`
    pub email: &'a EmailSettings,
    /// `[templates]`
    pub templates: &'a TemplateSettings,
    /// `[outgoing]`
    pub outgoing: &'a OutgoingSettings,
    /// `[syslog]`
    pub syslog: &'a SyslogSettings,
}

/// All carriers, and what others need of them.
pub struct Carriers {
    /// One for each kind of target that the settings make possible.
    pub all: Vec<Arc<dyn Carrier>>,
    /// How mail is worded, for previews.
    pub templates: Arc<Templates>,
    /// The client of endpoints, which tells whether a URL may be one.
    pub outgoing: Arc<OutgoingHttp>,
}

/// A carrier cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CarriersError {
    /// Mail.
    #[error("cannot open `[email]`")]
    Email(#[from] EmailError),
    /// Templates.
    #[error("cannot open `[templates]`")]
    Templates(#[from] TemplateError),
    /// Endpoints.
    #[error("cannot open `[outgoing]`")]
    Outgoing(#[from] OutgoingError),
    /// Syslog.
    #[error("cannot open `[syslog]`")]
    Syslog(#[from] SyslogError),
}

impl Carriers {
    /// Opens them; nothing is sent yet. Endpoints can always be carried to; mail and syslog where the
    /// settings name a server.
    ///
    /// # Errors
    /// When settings make no sense, or a file that they name cannot be used.
    pub fn open(
        settings: &CarrierSettings<'_>,
        links: Arc<dyn Links>,
    ) -> Result<Self, CarriersError> {
        let templates = Arc::new(Templates::open(settings.templates)?);
        let outgoing = Arc::new(OutgoingHttp::open(settings.outgoing)?);
        let mut all: Vec<Arc<dyn Carrier>> = vec![
            Arc::new(WebhookCarrier::new(Arc::clone(&outgoing))),
            Arc::new(SlackCarrier::new(Arc::clone(&outgoing))),
            Arc::new(AdapterCarrier::new(Arc::clone(&outgoing))),
        ];
        if !settings.email.host.is_empty() {
            let templates = Arc::clone(&templates);
            all.push(Arc::new(EmailCarrier::open(settings.email, templates, links)?));
        }
        if !settings.syslog.host.is_empty() {
            all.push(Arc::new(SyslogCarrier::open(settings.syslog)?));
        }
        Ok(Self { all, templates, outgoing })
    }
}

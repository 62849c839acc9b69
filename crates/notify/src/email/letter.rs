//! One mail: its headers, and its words as text and as HTML.

use annals_domain::notification::Outgoing;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::{EmailError, EmailSettings};
use crate::{MessageLinks, Rendered};

const NO_ADDRESS: &str = "the address is none";

/// From whom mail comes.
pub(super) struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

/// A mail in the form that travels.
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

impl Sender {
    pub(super) fn read(settings: &EmailSettings) -> Result<Self, EmailError> {
        let from = settings.from.parse().map_err(|_| EmailError::Address("from"))?;
        let reply_to = match settings.reply_to.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| EmailError::Address("reply_to"))?),
        };
        Ok(Self { from, reply_to })
    }

    /// Writes a message to this address. What is wrong does not name the address.
    pub(super) fn write(
        &self,
        message: &Outgoing,
        address: &str,
        words: &Rendered,
        links: &MessageLinks,
    ) -> Result<Letter, &'static str> {
        let to: Address = address.parse().map_err(|_| NO_ADDRESS)?;
        if address.chars().any(char::is_control) {
            return Err(NO_ADDRESS);
        }
        // Of the message itself alone, so that it stays the same when it is sent again.
        let id = format!("<{}@{}>", message.id, self.from.email.domain());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .date_now()
            .message_id(Some(id))
            .subject(words.subject.as_str())
            // RFC 3834: nothing that answers by itself answers this.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", &words.locale))
            .raw_header(header("Annals-Delivery-Id", &message.id.to_string()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(link) = &links.unsubscribe {
            builder = builder.raw_header(header("List-Unsubscribe", &format!("<{link}>")));
            // RFC 8058: the mail program does it itself, and over https alone.
            if link.starts_with("https://") {
                let one_click = "List-Unsubscribe=One-Click";
                builder = builder.raw_header(header("List-Unsubscribe-Post", one_click));
            }
        }
        let parts = MultiPart::alternative_plain_html(words.text.clone(), words.html.clone());
        let mail = builder.multipart(parts).map_err(|_| "its headers do not fit together")?;
        Ok(Letter { envelope: mail.envelope().clone(), bytes: mail.formatted() })
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

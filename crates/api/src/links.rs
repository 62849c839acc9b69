//! Links that messages hold, and what they lead to: small pages that need no sign-in. A link says with
//! a sealed token who it was sent to, about what, for what, and when it ends.
//!
//! Mail is read by machines that follow links. So a link only shows a page, and the button on it does what it
//! is for.

mod page;
mod tokens;

use annals_domain::Recorded;
use annals_domain::notification::{Address, Channel, PREFERENCES_SET, Preferences};
use axum::Extension;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::context::ApiParts;
use crate::credentials;
use crate::error::{ApiError, Code};
use crate::notifying::{said, subject};
use crate::own_facts::Fact;
use crate::rest::pairs;
use crate::server::Peer;
use crate::{addresses, disputes, preferences};

pub use tokens::{CODE_LASTS, Claim, LINK_LASTS, LinkTokens, Purpose};

use page::{Page, Words};

/// Parameters of a link; it has one.
const PARAMETERS_MAX: usize = 4;

/// Who asks, and with what.
pub(crate) struct Asked {
    pub(crate) query: RawQuery,
    pub(crate) peer: Option<Extension<Peer>>,
    pub(crate) headers: HeaderMap,
}

/// What a link leads to.
enum Found {
    /// Nothing: the link is not good, or no longer.
    Nothing,
    /// It can be done.
    Open(Matter),
    /// It was done before.
    Done(Matter),
    /// It cannot be done, whoever asks.
    Refused(Matter),
}

/// What a link is about.
enum Matter {
    Event(Box<Recorded>),
    Kind { name: String },
    Address(Box<Address>),
}

/// Shows what the link is for, with a button that does it. Changes nothing.
pub(crate) async fn show(api: &ApiParts, purpose: Purpose, asked: Asked) -> Response {
    let words = Words::of(&asked.headers);
    match opened(api, purpose, &asked).await {
        Ok(Some(claim)) => match look_up(api, &claim).await {
            Ok(found) => shown(api, words, purpose, &found, false),
            Err(error) => error.into_response(),
        },
        Ok(None) => Page::nothing(words).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Does what the link is for, unless it was done before.
pub(crate) async fn act(api: &ApiParts, purpose: Purpose, asked: Asked) -> Response {
    let words = Words::of(&asked.headers);
    match done(api, purpose, &asked).await {
        Ok(found) => shown(api, words, purpose, &found, true),
        Err(error) => error.into_response(),
    }
}

async fn done(api: &ApiParts, purpose: Purpose, asked: &Asked) -> Result<Found, ApiError> {
    let Some(claim) = opened(api, purpose, asked).await? else { return Ok(Found::Nothing) };
    let found = look_up(api, &claim).await?;
    let Found::Open(matter) = found else { return Ok(found) };
    let is_new = match &matter {
        Matter::Event(_) => {
            disputes::raise_by_link(api, &claim.tenant, &claim.person, claim.event).await?
        }
        Matter::Kind { .. } => switch_off(api, &claim).await?,
        Matter::Address(address) => {
            addresses::verify_by_link(api, &claim.tenant, address).await?;
            true
        }
    };
    Ok(if is_new { Found::Open(matter) } else { Found::Done(matter) })
}

/// What the token says, if it is one of ours for this purpose. Who comes with others too often is not looked
/// at any more.
async fn opened(
    api: &ApiParts,
    purpose: Purpose,
    asked: &Asked,
) -> Result<Option<Claim>, ApiError> {
    let RawQuery(query) = &asked.query;
    let pairs = pairs(query.as_deref().unwrap_or_default(), PARAMETERS_MAX).unwrap_or_default();
    let token = pairs.into_iter().find(|(name, _)| name == "t").map(|(_, value)| value);
    let token = token.unwrap_or_default();
    let peer = asked.peer.as_ref().map(|Extension(peer)| *peer);
    let read = async {
        let claim = api.notifying.links.open(&token, purpose, api.clock.now());
        claim.ok_or_else(ApiError::unauthenticated)
    };
    match api.rate_limits.recognise(peer, token.as_bytes(), read).await {
        Ok(claim) => Ok(Some(claim)),
        Err(error) if error.code == Code::Unauthenticated => Ok(None),
        Err(error) => Err(error),
    }
}

async fn look_up(api: &ApiParts, claim: &Claim) -> Result<Found, ApiError> {
    let Claim { tenant, person, .. } = claim;
    match claim.purpose {
        Purpose::WasntMe => {
            api.require_reading()?;
            let event = disputes::disputable(api, tenant, person, claim.event).await?;
            let Some(event) = event else { return Ok(Found::Nothing) };
            let matter = Matter::Event(Box::new(event));
            Ok(match disputes::is_raised(api, tenant, person, claim.event)? {
                true => Found::Done(matter),
                false => Found::Open(matter),
            })
        }
        Purpose::Unsubscribe => {
            let own = said(api, tenant, |said| said.rule(&claim.kind).map(|set| set.rule.clone()))?;
            let shipped = api.notifying.shipped.iter().find(|rule| rule.id == claim.kind).cloned();
            let mandatory = [&own, &shipped].into_iter().flatten().any(|rule| rule.mandatory);
            let Some(rule) = own.or(shipped) else { return Ok(Found::Nothing) };
            let matter = Matter::Kind { name: rule.name };
            if mandatory {
                return Ok(Found::Refused(matter));
            }
            let wishes = wishes_of(api, claim)?;
            Ok(match wishes.allows(&claim.kind, Channel::Email) {
                Some(false) => Found::Done(matter),
                _ => Found::Open(matter),
            })
        }
        Purpose::VerifyAddress => {
            let address = addresses::of_link(api, tenant, person, claim.event)?;
            Ok(match address {
                Some(address) if address.verified_at.is_some() => {
                    Found::Done(Matter::Address(Box::new(address)))
                }
                Some(address) if addresses::is_code_of(api, tenant, &address, &claim.kind) => {
                    Found::Open(Matter::Address(Box::new(address)))
                }
                _ => Found::Nothing,
            })
        }
    }
}

/// What the person wishes. Who said nothing begins with what holds for the tenant, which their own words
/// stand in the place of.
fn wishes_of(api: &ApiParts, claim: &Claim) -> Result<Preferences, ApiError> {
    said(api, &claim.tenant, |said| {
        let wishes = said.preferences_of(&claim.person).or(said.defaults());
        wishes.map(|wishes| (**wishes).clone()).unwrap_or_default()
    })
}

/// Ends mail of a kind to the person. Tells whether that is new.
async fn switch_off(api: &ApiParts, claim: &Claim) -> Result<bool, ApiError> {
    let _turn = api.credentials.turn().await;
    let mut wishes = wishes_of(api, claim)?;
    if wishes.allows(&claim.kind, Channel::Email) == Some(false) {
        return Ok(false);
    }
    wishes.kinds.entry(claim.kind.clone()).or_default().insert(Channel::Email, false);
    let room = said(api, &claim.tenant, |said| said.has_room_for(&claim.person))?;
    if wishes.problem().is_some() || !room {
        let message = "there is no room for one more wish; sign in, and change what you are told";
        return Err(ApiError::new(Code::Conflict, message));
    }
    let metadata = preferences::metadata_of(&wishes, false)?;
    let subject = Some(subject(&claim.person));
    let fact = Fact { subject, metadata, ..Fact::new(PREFERENCES_SET) };
    credentials::record_as_annals(api, &claim.tenant, fact).await?;
    Ok(true)
}

fn shown(
    api: &ApiParts,
    words: &'static Words,
    purpose: Purpose,
    found: &Found,
    acted: bool,
) -> Response {
    let of = words.of_purpose(purpose);
    let (matter, text, button, status) = match found {
        Found::Nothing => return Page::nothing(words).into_response(),
        Found::Open(matter) if acted => (matter, of.done, None, StatusCode::OK),
        Found::Open(matter) => (matter, of.ask, Some(of.button), StatusCode::OK),
        Found::Done(matter) => (matter, of.done_before, None, StatusCode::OK),
        Found::Refused(matter) if acted => (matter, of.refused, None, StatusCode::CONFLICT),
        Found::Refused(matter) => (matter, of.refused, None, StatusCode::OK),
    };
    let about = match matter {
        Matter::Event(recorded) => {
            let event = &recorded.event;
            let title = api.catalogue.find(&event.event_type).map(|entry| entry.title.clone());
            let at = event.occurred_at.timestamp.strftime("%Y-%m-%d %H:%M UTC");
            format!("{}, {at}", title.unwrap_or_else(|| event.event_type.clone()))
        }
        Matter::Kind { name } => name.clone(),
        // The address is personal, and whoever has the link knows where it came to.
        Matter::Address(_) => String::new(),
    };
    Page { words, title: of.title, text, about: &about, button, status }.into_response()
}

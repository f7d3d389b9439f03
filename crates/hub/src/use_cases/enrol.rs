//! A till joins the business, with a code that works once.

use punchcard_domain::text::one_line;
use punchcard_protocol::{
    Hlc, Link, StoreId, StreamId, TillId,
    sync::{Code, EnrolAnswer, EnrolBegin, EnrolProof, EnrolRequest, PairingCode, pairing_proof},
};
use serde_json::json;

use super::{give, inbox, pull, records, work::Work};
use crate::{
    error::{Error, Result},
    hub::{Hub, WINDOW},
    random,
    store::{
        Session,
        journal::{self, StreamRow, TillRow},
    },
};

/// A code works for so long.
const CODE_MS: i64 = 15 * 60 * 1000;
/// Wrong tries after which a code is worth nothing.
const TRIES: i64 = 5;
const MOST_NAME_CHARS: usize = 60;

struct Pairing {
    secret: punchcard_protocol::Hash,
    store: Option<StoreId>,
    expires_ms: i64,
    used_by: Option<TillId>,
    wrong: i64,
}

fn pairing(session: &mut dyn Session, id: &str) -> Result<Option<Pairing>> {
    let sql = "SELECT secret, store, expires_ms, used_by, wrong FROM pairing WHERE id = $1";
    session
        .row(sql, &[id.into()])?
        .map(|row| {
            Ok(Pairing {
                secret: row[0].hash()?,
                store: row[1].optional(|value| Ok(StoreId::from_bytes(value.exactly()?)))?,
                expires_ms: row[2].int()?,
                used_by: row[3].optional(|value| Ok(TillId::from_bytes(value.exactly()?)))?,
                wrong: row[4].int()?,
            })
        })
        .transpose()
}

fn bad_code() -> Error {
    Error::refused(Code::BadCode, "this code is not known, was used, or its time is over")
}

impl Hub {
    /// Makes a pairing code. `store`: where the till will stand; none: it brings its own store.
    /// Returns until when it works, too: Unix ms.
    ///
    /// # Errors
    /// `not_found` for a store that is not there; those of the database.
    pub fn pair(&self, store: Option<StoreId>) -> Result<(PairingCode, i64)> {
        self.write(|work| {
            if let Some(store) = store {
                let known = records::stores(&mut *work.session)?;
                if !known.iter().any(|(id, _)| *id == store) {
                    return Err(Error::refused(Code::NotFound, "there is no such store"));
                }
            }
            let now_ms = work.now_ms;
            work.session.execute(
                "DELETE FROM pairing WHERE expires_ms < $1",
                &[(now_ms - CODE_MS).into()],
            )?;
            let code = loop {
                let code = PairingCode::from_random(random::bytes()?);
                if pairing(&mut *work.session, code.id())?.is_none() {
                    break code;
                }
            };
            let expires_ms = now_ms + CODE_MS;
            work.session.execute(
                "INSERT INTO pairing (id, secret, store, expires_ms, wrong)
                 VALUES ($1, $2, $3, $4, 0)",
                &[
                    code.id().into(),
                    code.secret_hash().into(),
                    store.map(|store| *store.as_bytes()).into(),
                    expires_ms.into(),
                ],
            )?;
            Ok((code, expires_ms))
        })
    }

    /// Proves to a till that the hub knows its code, over the certificate that the till was shown.
    ///
    /// # Errors
    /// `bad_code`, `bad_request`.
    pub fn enrol_begin(&self, ask: &EnrolBegin, certificate: &[u8; 32]) -> Result<EnrolProof> {
        let mut nonce = [0; 32];
        hex::decode_to_slice(&ask.nonce, &mut nonce)
            .map_err(|_| Error::refused(Code::BadRequest, "a nonce is 32 bytes"))?;
        let now_ms = self.now_ms();
        let pairing = self
            .read(|session| pairing(session, &ask.code_id))?
            .filter(|pairing| pairing.expires_ms > now_ms && pairing.wrong < TRIES)
            .ok_or_else(bad_code)?;
        let key = self.public_key();
        Ok(EnrolProof {
            hub: self.id(),
            key: hex::encode(key),
            proof: pairing_proof(pairing.secret, &nonce, certificate, &key),
        })
    }

    /// A till joins. Asked again by the same till with the same code, it is answered the same.
    ///
    /// # Errors
    /// `bad_code`, `already_enrolled`, `other_business`, `version_not_supported`, `bad_request`.
    pub fn enrol(&self, ask: &EnrolRequest) -> Result<EnrolAnswer> {
        let code = PairingCode::parse(&ask.code).map_err(|_| bad_code())?;
        let key = self.public_key();
        self.write(|work| {
            let now_ms = work.now_ms;
            let known = pairing(&mut *work.session, code.id())?
                .filter(|pairing| pairing.expires_ms > now_ms && pairing.wrong < TRIES);
            let Some(known) = known else { return Ok(Err(bad_code())) };
            if known.secret != code.secret_hash() {
                // Counted for good, whoever asks: twelve letters are not to be tried out.
                let sql = "UPDATE pairing SET wrong = wrong + 1 WHERE id = $1";
                work.session.execute(sql, &[code.id().into()])?;
                return Ok(Err(bad_code()));
            }
            if known.used_by.is_some_and(|till| till != ask.stream.till) {
                return Ok(Err(bad_code()));
            }
            let answer = join(work, ask, known.store, key)?;
            work.session.execute(
                "UPDATE pairing SET used_by = $1 WHERE id = $2",
                &[ask.stream.till.as_bytes().into(), code.id().into()],
            )?;
            Ok(Ok(answer))
        })?
    }
}

fn join(
    work: &mut Work<'_>,
    ask: &EnrolRequest,
    store: Option<StoreId>,
    key: [u8; 32],
) -> Result<EnrolAnswer> {
    speaks(ask.protocol)?;
    let mut public_key = [0; 32];
    hex::decode_to_slice(&ask.public_key, &mut public_key)
        .map_err(|_| Error::refused(Code::BadRequest, "not a key"))?;
    let store = store.or(ask.store).ok_or_else(|| {
        Error::refused(Code::BadRequest, "the code names no store, and the till has none")
    })?;
    let has_business = records::business(&mut *work.session)?.is_some();
    let same_business = of_this_business(work, ask, has_business)?;
    let known = journal::stream(&mut *work.session, ask.stream)?;
    match &known {
        Some(row) if row.public_key != public_key => {
            return Err(Error::refused(
                Code::AlreadyEnrolled,
                "this till is here with another key",
            ));
        }
        None if has_business && ask.has_business && !same_business => {
            return Err(Error::refused(
                Code::OtherBusiness,
                "this till has a business of its own, and so has the hub",
            ));
        }
        None if !has_business && !ask.has_business => {
            return Err(Error::refused(
                Code::HubEmpty,
                "the hub has no business yet: pair the till that has it first",
            ));
        }
        _ => {}
    }
    let till = till_row(work, ask, store)?;
    journal::put_till(&mut *work.session, &till)?;
    let earlier = |stream: StreamId| {
        stream.till == ask.stream.till && stream.incarnation < ask.stream.incarnation
    };
    brings(work, ask, ask.stream, &ask.public_key)?;
    for (stream, key) in ask.earlier.iter().filter(|(stream, _)| earlier(*stream)) {
        brings(work, ask, *stream, key)?;
    }
    Ok(EnrolAnswer {
        hub: work.hub.id,
        key: hex::encode(key),
        epoch: work.hub.epoch,
        store,
        channels: pull::channels(&work.hub, &till),
        has_business,
    })
}

/// Whether the till was paired with this hub, or with one that had this business before. The first
/// till that joins an empty hub says which hub that was: whoever made the code believes it.
fn of_this_business(work: &mut Work<'_>, ask: &EnrolRequest, has_business: bool) -> Result<bool> {
    let Some(before) = &ask.before else { return Ok(false) };
    let mut key = [0; 32];
    hex::decode_to_slice(&before.key, &mut key)
        .map_err(|_| Error::refused(Code::BadRequest, "not a key"))?;
    match give::hub_key(work, before.hub)? {
        Some(known) => Ok(known == key),
        None if has_business || !ask.has_business => Ok(false),
        None => {
            let row = [before.hub.as_bytes().into(), key.into()];
            let sql = "INSERT INTO hub_before (id, public_key) VALUES ($1, $2)";
            work.session.execute(sql, &row)?;
            let args = json!({"till": ask.stream.till, "what": "another_hub"});
            inbox::tell(work, "hub_restored", &args)?;
            Ok(true)
        }
    }
}

/// A journal that the till brings along, or begins. One that others gave back is its own from now on.
fn brings(work: &mut Work<'_>, ask: &EnrolRequest, stream: StreamId, key: &str) -> Result<()> {
    let mut public_key = [0; 32];
    hex::decode_to_slice(key, &mut public_key)
        .map_err(|_| Error::refused(Code::BadRequest, "not a key"))?;
    if let Some(row) = journal::stream(&mut *work.session, stream)? {
        if row.state == "heard" && row.public_key == public_key {
            journal::put_stream(&mut *work.session, &StreamRow { state: "open".into(), ..row })?;
        }
        return Ok(());
    }
    journal::put_stream(
        &mut *work.session,
        &StreamRow {
            stream,
            public_key,
            link: Link::START,
            hlc: Hlc::default(),
            durable: 0,
            state: "open".into(),
            opened_ms: work.now_ms,
            brought: ask.has_business,
        },
    )
}

fn till_row(work: &mut Work<'_>, ask: &EnrolRequest, store: StoreId) -> Result<TillRow> {
    let known = journal::till(&mut *work.session, ask.stream.till)?;
    let gone = |till: &TillRow| !matches!(till.state.as_str(), "active" | "unknown");
    if known.as_ref().is_some_and(gone) {
        return Err(Error::refused(Code::DeviceRevoked, "this till was revoked"));
    }
    let name = one_line(&ask.name).trim().chars().take(MOST_NAME_CHARS).collect::<String>();
    let name = if name.is_empty() { ask.stream.till.to_string() } else { name };
    Ok(TillRow {
        id: ask.stream.till,
        store,
        name,
        state: "active".into(),
        paired_ms: known.as_ref().map_or(work.now_ms, |till| till.paired_ms),
        seen_ms: work.now_ms,
        reported: match (&ask.before, known) {
            // It brings along what it holds.
            (Some(_), _) => 0,
            (None, Some(till)) => till.reported,
            (None, None) => i64::from(work.hub.epoch),
        },
    })
}

/// Whether a till speaks what the hub speaks.
pub(crate) fn speaks(window: punchcard_protocol::sync::Window) -> Result<()> {
    if window.min <= WINDOW.max && window.max >= WINDOW.min {
        return Ok(());
    }
    let refusal = punchcard_protocol::sync::WireRefusal::new(
        Code::VersionNotSupported,
        "hub and till are of versions that do not understand each other; update the older one",
    );
    Err(refusal.with("min", WINDOW.min).with("max", WINDOW.max).into())
}

//! Pairing: the hub proves that it knows the code before it is told it.

use std::path::Path;

use punchcard_domain::staff::Permission;
use punchcard_protocol::{
    Hash, StoreId,
    sync::{
        Code, EnrolAnswer, EnrolBegin, EnrolProof, EnrolRequest, HubBefore, PairingCode,
        WireRefusal, pairing_proof, path,
    },
};

use super::{
    bootstrap::{self, Beginning},
    cycle::{self, Depth, WINDOW},
    wire::{Caller, Wire, same_address},
};
use crate::{
    error::{Error, Result},
    pin, random,
    store::{
        local::{self, HubLink},
        snapshot,
    },
    till::{Options, Till},
    use_cases::actor::Actor,
    views::PairInput,
};

/// A till that has a business joins it to a hub that has none yet.
///
/// # Errors
/// `approval_needed`, `already_paired`, `bad_code`, `hub_unreachable`, `wrong_hub`, and what the
/// hub refuses.
pub(crate) fn pair(till: &Till, actor: &Actor, input: &PairInput) -> Result<()> {
    actor.require(Permission::EditSettings)?;
    if let Some(hub) = till.hub_link()? {
        return Err(Error::AlreadyPaired(hub.url));
    }
    let store: StoreId = till
        .read(|db| local::get(db, local::STORE))?
        .ok_or_else(|| Error::Damaged("it does not say which store it is".into()))?;
    let brings = Brings { store: Some(store), has_business: true, before: None };
    let (wire, answer) = enrol(till, input, brings)?;
    till.paired(wire.base(), wire.shown(), &named(input), &answer)?;
    Ok(())
}

/// A till that was paired joins again, with its journal and all that it holds: a hub that was restored
/// to before it was paired, or another one where the hub was lost whole.
///
/// # Errors
/// `approval_needed`, `not_paired`, and as [`pair`].
pub(crate) fn pair_again(till: &Till, actor: &Actor, input: &PairInput) -> Result<()> {
    actor.require(Permission::EditSettings)?;
    let hub = till.hub_link()?.ok_or(Error::NotPaired)?;
    let store: Option<StoreId> = till.read(|db| local::get(db, local::STORE))?;
    let brings = Brings {
        store,
        // What began from the hub's tables does not hold the entries that made them.
        has_business: !till.read(snapshot::began)?,
        before: Some(HubBefore { hub: hub.hub, key: hub.key }),
    };
    let (wire, answer) = enrol(till, input, brings)?;
    till.paired_again(wire.base(), wire.shown(), &named(input), &answer)
}

/// What a till brings along when it joins.
struct Brings {
    store: Option<StoreId>,
    has_business: bool,
    before: Option<HubBefore>,
}

/// Makes a till in an empty folder and joins it to the business of a hub. The owner signs in with
/// `owner_pin` here from now on; it lets others choose their PINs.
///
/// Where it was cut short, the same call with the same code takes it up, with the same key: the hub
/// may have used the code up for it, and its answer not have come. Until it has gone through there is
/// no store in the folder ([`Till::exists`]).
///
/// # Errors
/// As [`pair`], and those of making a store.
pub fn join(folder: &Path, input: &PairInput, owner_pin: &str, options: &Options) -> Result<Till> {
    join_with(folder, input, owner_pin, options, &Beginning::default())
}

/// As [`join`], with something to say about how the till begins.
///
/// # Errors
/// As [`join`].
pub fn join_with(
    folder: &Path,
    input: &PairInput,
    owner_pin: &str,
    options: &Options,
    how: &Beginning,
) -> Result<Till> {
    pin::check(owner_pin)?;
    let mut till = Till::create_bare(folder, options)?;
    if of_another_hub(&till, input)? {
        drop(till);
        Till::unmake(folder)?;
        till = Till::create_bare(folder, options)?;
    }
    match joined(&till, input, owner_pin, how) {
        Ok(()) => {
            drop(till);
            Till::joined(folder)?;
            Till::open(folder, options)
        }
        Err(error) => {
            let paired = matches!(till.hub_link(), Ok(Some(_)));
            drop(till);
            if is_final(&error, paired) {
                // Nothing half made stays in the way of the next try.
                Till::unmake(folder)?;
            }
            Err(error)
        }
    }
}

/// A till that was cut short while it joined another hub's business.
fn of_another_hub(till: &Till, input: &PairInput) -> Result<bool> {
    let Some(hub) = till.hub_link()? else { return Ok(false) };
    Ok(!same_address(&hub.url, &input.hub)?)
}

/// The hub will not have this till any more: only another one can join. As long as it is not
/// paired, a wrong hub is a mistyped code.
fn is_final(error: &Error, paired: bool) -> bool {
    match error {
        Error::WrongHub => paired,
        Error::Damaged(_) => true,
        Error::Hub(refusal) => matches!(
            refusal.code,
            Code::DeviceRevoked | Code::BadSignature | Code::AlreadyEnrolled | Code::OtherBusiness
        ),
        _ => false,
    }
}

fn joined(till: &Till, input: &PairInput, owner_pin: &str, how: &Beginning) -> Result<()> {
    let wire = enrolled(till, input)?;
    bootstrap::begin(till, &wire, how)?;
    stand(till)?;
    cycle::sync(till, &wire, Depth::Quick)?;
    stand(till)?;
    let owner = till.owner()?.staff;
    till.write(|work| pin::keep(work.db, owner, owner_pin, work.secrets))
}

/// The till stands at the store that the hub said, once its record has come.
fn stand(till: &Till) -> Result<()> {
    let store: Option<StoreId> = till.read(|db| local::get(db, local::STORE))?;
    store.map_or(Ok(()), |store| till.at_store(store))
}

/// Enrols the till. Taken up after the code's time was over, it belongs to the hub already.
fn enrolled(till: &Till, input: &PairInput) -> Result<Wire> {
    let nothing = Brings { store: None, has_business: false, before: None };
    match (enrol(till, input, nothing), till.hub_link()?) {
        (Ok((wire, answer)), _) => {
            till.paired(wire.base(), wire.shown(), &named(input), &answer)?;
            Ok(wire)
        }
        (Err(Error::Hub(WireRefusal { code: Code::BadCode, .. })), Some(hub)) => {
            wire_to(till, &hub)
        }
        (Err(error), _) => Err(error),
    }
}

/// A wire to a hub that this till is paired with.
fn wire_to(till: &Till, hub: &HubLink) -> Result<Wire> {
    Wire::new(&till.dial, &hub.url, hub.pin.as_deref().map(super::pin_of).transpose()?)
}

fn named(input: &PairInput) -> String {
    input.till.trim().to_owned()
}

/// The two calls of pairing.
fn enrol(till: &Till, input: &PairInput, brings: Brings) -> Result<(Wire, EnrolAnswer)> {
    let code = PairingCode::parse(&input.code)
        .map_err(|error| Error::bad_input("code", error.to_string()))?;
    let wire = Wire::new(&till.dial, &input.hub, None)?;
    let nonce: [u8; 32] = random::bytes()?;
    let begin = EnrolBegin { code_id: code.id().to_owned(), nonce: hex::encode(nonce) };
    let proof: EnrolProof = wire.call(None, path::ENROL_BEGIN, &begin)?;
    let certificate = wire.shown().unwrap_or([0; 32]);
    check(&proof, code.secret_hash(), &nonce, &certificate)?;
    // From here on only who showed that certificate is spoken to.
    let wire = Wire::new(&till.dial, &input.hub, wire.shown())?;
    let stream = till.write(|work| Ok(work.stream()))?;
    let key = till.stream_key(stream)?;
    let mut earlier = Vec::new();
    for life in till.earlier_lives()? {
        earlier.push((life, hex::encode(till.stream_key(life)?.public())));
    }
    let ask = EnrolRequest {
        code: code.shown(),
        stream,
        public_key: hex::encode(key.public()),
        protocol: WINDOW,
        name: named(input),
        store: brings.store,
        has_business: brings.has_business,
        earlier,
        before: brings.before,
    };
    let caller = Caller { stream, key, hub: proof.hub };
    let answer: EnrolAnswer = wire.call(Some(&caller), path::ENROL, &ask)?;
    if answer.hub != proof.hub || answer.key != proof.key {
        return Err(Error::WrongHub);
    }
    Ok((wire, answer))
}

/// Whether the hub knows the code, and showed the certificate that we saw: somebody in between
/// would have shown another.
fn check(
    proof: &EnrolProof,
    secret_hash: Hash,
    nonce: &[u8; 32],
    certificate: &[u8; 32],
) -> Result<()> {
    let mut key = [0; 32];
    hex::decode_to_slice(&proof.key, &mut key).map_err(|_| Error::WrongHub)?;
    if proof.proof == pairing_proof(secret_hash, nonce, certificate, &key) {
        Ok(())
    } else {
        Err(Error::WrongHub)
    }
}

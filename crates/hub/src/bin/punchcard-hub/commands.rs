//! Each command: open, do, answer.

use std::{path::Path, process::ExitCode};

use punchcard_hub::{
    Error, Hub, Result,
    backup::{Passphrase, Verified, verify_folder},
    clock, restore,
    settings::Settings,
    store,
};
use punchcard_protocol::{
    StoreId, TillId,
    sync::{Code, PairingQr},
};
use serde_json::{Map, Value, json};

use crate::{
    args::{
        Args, Backup, BackupCommand, Command, Pair, Restore, Settle, StoreCommand, TillCommand,
    },
    log, print, qr, serve,
};

/// So much of an id must be given: less is a slip of the finger.
const SHORTEST_PREFIX: usize = 4;

/// What a command answers: the object, its text, and the exit status.
struct Answer {
    json: Value,
    text: String,
    status: u8,
}

impl Answer {
    fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), status: 0 }
    }
}

/// Does what the command line says.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let variable = |name: &str| std::env::var(name).ok();
    let settings = Settings::gather(args.layer(), &variable, args.config.as_deref())?;
    let serves = matches!(args.command, Command::Serve(_));
    log::start(&settings.log, if serves { "info" } else { "warn" })?;
    let answer = match args.command {
        Command::Serve(_) => {
            // Before anything is opened: what is wrong with it, nobody finds at three in the night.
            let schedule = settings.schedule()?;
            serve::run(open(&settings)?, &settings, schedule, args.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Backup(Backup { command: Some(BackupCommand::Verify { dir }), .. }) => {
            verify_backups(&settings, &dir)?
        }
        Command::Restore(ask) => from_backup(&settings, &ask)?,
        command => perform(&open(&settings)?, &settings, command)?,
    };
    if args.json {
        println!("{}", answer.json);
    } else {
        println!("{}", answer.text);
    }
    Ok(ExitCode::from(answer.status))
}

fn open(settings: &Settings) -> Result<Hub> {
    settings.make_folder()?;
    let store = store::open(&settings.database)?;
    tracing::info!(database = store.describe(), "the hub's database");
    let hub = Hub::open(store, clock::system())?;
    let Some(replica) = &settings.replica else { return Ok(hub) };
    let replica = store::open_replica(replica)?;
    tracing::info!(replica = replica.describe(), "pulls are answered by it");
    Ok(hub.reading_from(replica))
}

fn perform(hub: &Hub, settings: &Settings, command: Command) -> Result<Answer> {
    match command {
        Command::Serve(_) | Command::Restore(_) => {
            Err(Error::Internal("it opens the hub itself".into()))
        }
        Command::Backup(ask) => back_up(hub, settings, ask.full),
        Command::Store(StoreCommand::Add { name, time_zone }) => add_store(hub, &name, time_zone),
        Command::Store(StoreCommand::List) => list_stores(hub),
        Command::Pair(pair) => make_code(hub, settings, &pair),
        Command::Till(till) => of_till(hub, &till),
        Command::Follow { follow } => {
            hub.set_follow(follow.name())?;
            Ok(Answer::new(json!({"follow": follow.name()}), format!("follow {}", follow.name())))
        }
        Command::Inbox => {
            let lines = hub.inbox()?;
            let text = print::inbox(&lines, clock::now_ms());
            Ok(Answer::new(json!({ "inbox": lines }), text))
        }
        Command::Settle { id, how } => settle(hub, &id, how),
        Command::Scrub => {
            let cleared = hub.scrub()?;
            let text = if cleared { "cleared" } else { "nothing to clear" };
            Ok(Answer::new(json!({"cleared": cleared}), text))
        }
        Command::Verify => verify(hub),
        Command::Digest => digest(hub),
    }
}

fn add_store(hub: &Hub, name: &str, time_zone: Option<String>) -> Result<Answer> {
    let time_zone = time_zone
        .or_else(|| iana_time_zone::get_timezone().ok())
        .unwrap_or_else(|| "Asia/Shanghai".into());
    let store = hub.add_store(name, &time_zone)?;
    let json = json!({"store": store, "name": name, "time_zone": time_zone});
    Ok(Answer::new(json, format!("{store}  {name}  {time_zone}")))
}

fn list_stores(hub: &Hub) -> Result<Answer> {
    let stores = hub.stores()?;
    let lines: Vec<String> = stores.iter().map(|(id, name)| format!("{id}  {name}")).collect();
    let stores: Vec<Value> =
        stores.iter().map(|(id, name)| json!({"store": id, "name": name})).collect();
    let text = if lines.is_empty() {
        "no store yet: punchcard-hub store add NAME".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(Answer::new(json!({ "stores": stores }), text))
}

fn make_code(hub: &Hub, settings: &Settings, pair: &Pair) -> Result<Answer> {
    let store = pair.store.as_deref().map(|prefix| store_of(hub, prefix)).transpose()?;
    let (code, expires_ms) = hub.pair(store)?;
    let pairing = PairingQr {
        hub: settings.address(),
        code: code.shown(),
        key: hex::encode(hub.public_key()),
    };
    let drawn = qr::of(&pairing)?;
    if let Some(path) = &pair.qr {
        write(path, &qr::as_svg(&drawn))?;
    }
    let seconds = expires_ms.saturating_sub(clock::now_ms()).max(0) / 1000;
    let minutes = (seconds + 30) / 60;
    let mut text = format!(
        "{}\n{}\nvalid once, for {minutes} min, at {}",
        qr::for_terminal(&drawn),
        pairing.code,
        pairing.hub
    );
    if !settings.is_reachable() {
        text.push_str(
            "\nThis machine alone can reach that address: have the hub listen on the network \
             (PUNCHCARD_HUB_LISTEN=0.0.0.0:8787), or say --advertise.",
        );
    }
    let json = json!({
        "code": pairing.code, "expires_ms": expires_ms, "hub": pairing.hub, "key": pairing.key,
    });
    Ok(Answer::new(json, text))
}

fn of_till(hub: &Hub, command: &TillCommand) -> Result<Answer> {
    match command {
        TillCommand::List => {
            let tills = hub.tills()?;
            let text = print::tills(&tills, clock::now_ms());
            Ok(Answer::new(json!({ "tills": tills }), text))
        }
        TillCommand::Revoke { id } => {
            let till = till_of(hub, id)?;
            hub.revoke(till)?;
            Ok(Answer::new(json!({"revoked": till}), format!("{till} is revoked")))
        }
        TillCommand::Reclaim { id } => {
            let till = till_of(hub, id)?;
            let points = hub.reclaim(till)?;
            let json = json!({"reclaimed": till, "points": points});
            Ok(Answer::new(json, format!("{points} points came back from {till}")))
        }
    }
}

fn settle(hub: &Hub, prefix: &str, how: Settle) -> Result<Answer> {
    let ids: Vec<String> = hub.inbox()?.into_iter().map(|line| line.id).collect();
    let id = pick("inbox", &ids, prefix)?;
    hub.settle(id, how == Settle::Accept)?;
    let word = if how == Settle::Accept { "accepted" } else { "rejected" };
    Ok(Answer::new(json!({"settled": id, "how": word}), format!("{id} is {word}")))
}

fn verify(hub: &Hub) -> Result<Answer> {
    let report = hub.verify()?;
    let mut answer = Answer::new(serde_json::to_value(&report)?, print::report(&report));
    answer.status = if report.ok { 0 } else { 4 };
    Ok(answer)
}

fn back_up(hub: &Hub, settings: &Settings, full: bool) -> Result<Answer> {
    let folder = settings
        .backup_to
        .as_deref()
        .ok_or_else(|| Error::Usage("where to? --to DIR, or PUNCHCARD_HUB_BACKUP_TO".to_owned()))?;
    let passphrase = Passphrase::new(&settings.passphrase()?)?;
    let done = hub.backup(folder, &passphrase, full, None)?;
    let kind = if done.full { "full" } else { "goes on from the one before" };
    let text = format!(
        "{}\n{kind}, {} entries, {} bytes, read back: ok",
        done.path.display(),
        done.entries,
        done.bytes
    );
    Ok(Answer::new(serde_json::to_value(&done)?, text))
}

fn verify_backups(settings: &Settings, dir: &Path) -> Result<Answer> {
    let files = verify_folder(dir, &Passphrase::given(&settings.passphrase()?))?;
    let ok = !files.is_empty() && files.iter().all(|file| file.problem.is_none());
    let text = print::backups(&files, clock::now_ms());
    let mut answer = Answer::new(json!({"ok": ok, "files": files}), text);
    answer.status = if ok { 0 } else { 4 };
    Ok(answer)
}

fn from_backup(settings: &Settings, ask: &Restore) -> Result<Answer> {
    let passphrase = Passphrase::given(&settings.passphrase()?);
    // All of it is read first: a database is touched only when there is something to put into it.
    let verified = Verified::read(&ask.from, ask.at.as_deref(), &passphrase)?;
    settings.make_folder()?;
    let store = store::open(&settings.database)?;
    restore(&store, &verified, &clock::system())?;
    let hub = Hub::open(store.clone(), clock::system())?;
    let epoch = hub.hello()?.epoch;
    let json = json!({
        "files": verified.files(), "entries": verified.entries, "made_ms": verified.made_ms,
        "hub": hub.id(), "epoch": epoch,
    });
    let text = format!(
        "{} entries are in {}, as of {}; the tills bring what is newer, each when it is online",
        verified.entries,
        store.describe(),
        print::age(clock::now_ms(), verified.made_ms),
    );
    Ok(Answer::new(json, text))
}

fn digest(hub: &Hub) -> Result<Answer> {
    let (digest, tables) = hub.digest()?;
    let tables: Map<_, _> = tables.into_iter().map(|(name, hash)| (name, hash.into())).collect();
    Ok(Answer::new(json!({"digest": digest, "tables": tables}), digest))
}

fn store_of(hub: &Hub, prefix: &str) -> Result<StoreId> {
    let ids: Vec<StoreId> = hub.stores()?.into_iter().map(|(id, _)| id).collect();
    pick("store", &ids, prefix).copied()
}

fn till_of(hub: &Hub, prefix: &str) -> Result<TillId> {
    let ids: Vec<TillId> = hub.tills()?.into_iter().map(|line| line.till).collect();
    pick("till", &ids, prefix).copied()
}

/// The one id that begins so.
fn pick<'a, T: ToString>(what: &str, ids: &'a [T], prefix: &str) -> Result<&'a T> {
    let plain = |text: &str| text.trim().replace('-', "").to_ascii_lowercase();
    let prefix = plain(prefix);
    if prefix.len() < SHORTEST_PREFIX {
        return Err(Error::Usage(format!("{what}: at least {SHORTEST_PREFIX} letters of the id")));
    }
    let mut matching = ids.iter().filter(|id| plain(&id.to_string()).starts_with(&prefix));
    match (matching.next(), matching.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => {
            Err(Error::refused(Code::NotFound, format!("{what}: no id begins with {prefix}")))
        }
        _ => Err(Error::Usage(format!("{what}: more than one id begins with {prefix}"))),
    }
}

/// A code is as good as a key until it is used: the file is its owner's alone.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_picked_by_what_it_begins_with() {
        let ids = ["0199aaaa-1111", "0199aaab-2222"];
        assert_eq!(*pick("till", &ids, "0199AAAB").expect("one"), ids[1]);
        assert_eq!(*pick("till", &ids, "0199aaaa-11").expect("one"), ids[0]);
        assert!(matches!(pick("till", &ids, "0199"), Err(Error::Usage(_))), "two");
        assert!(matches!(pick("till", &ids[..1], ""), Err(Error::Usage(_))), "a slip");
        assert!(matches!(pick("till", &ids, "0200"), Err(Error::Refused(_))), "none");
    }
}

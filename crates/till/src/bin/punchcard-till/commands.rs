//! Each command: open, do, answer.

use std::{
    io::{BufRead as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Parser as _;
use punchcard_domain::decide::StockChange;
use punchcard_till::{
    Actor, BackupPlan, CheckInHow, CodeInput, Error, ErrorKind, KeyPlace, Options, RedeemInput,
    Result, SetUp, Till, Who, demo,
    import::{ImportInput, Profile},
    sync::{self, Line},
    views::{CheckInView, PairInput, PhoneCodeView},
};
use serde_json::{Value, json};

use crate::{
    args::{Args, Backups, CheckIn, Command, Enrol, Import, Init},
    members, passes, print, rules,
};

/// How often, while it goes on syncing, it is looked whether there is anything to clear.
const HOUSEKEEPING: Duration = Duration::from_hours(1);

/// What a command answers: the object, its text, and the exit status.
pub(crate) struct Answer {
    json: Value,
    text: String,
    status: u8,
}

impl Answer {
    pub(crate) fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), status: 0 }
    }

    pub(crate) fn pretty(json: Value) -> Self {
        let text = serde_json::to_string_pretty(&json).unwrap_or_default();
        Self::new(json, text)
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let options = Options {
        keys: if args.keys_in_file { KeyPlace::File } else { KeyPlace::Auto },
        ..Options::default()
    };
    let answer = match args.command {
        Command::Init(init) => set_up(&args.data, &init, args.pin.as_deref(), &options)?,
        Command::Restore { file, passphrase_file } => {
            restore(&args.data, &file, passphrase_file.as_deref(), &options)?
        }
        Command::Enrol(enrol) if !Till::exists(&args.data) => {
            joined(&args.data, &enrol, args.pin.as_deref(), &options)?
        }
        Command::Batch => {
            let till = Arc::new(Till::open(&args.data, &options)?);
            return batch(&till);
        }
        command => {
            let till = Arc::new(Till::open(&args.data, &options)?);
            if let Command::Log { after } = command
                && !args.json
            {
                return log_lines(&till, after);
            }
            perform(&till, command, args.pin.as_deref())?
        }
    };
    if args.json {
        println!("{}", answer.json);
    } else {
        println!("{}", answer.text);
    }
    Ok(ExitCode::from(answer.status))
}

fn perform(till: &Arc<Till>, command: Command, pin: Option<&str>) -> Result<Answer> {
    let actor = match pin {
        Some(pin) => till.whose_pin(pin)?,
        None => till.owner()?,
    };
    match command {
        Command::Import(import) => bring_in(till, &actor, &import),
        Command::Find { query, limit } => find(till, &actor, &query, limit),
        Command::CheckIn(input) => check_in(till, &actor, input),
        Command::Earn { member, amount, lines } => {
            let lines = rules::lines(&lines)?;
            let done = till.earn_for(&actor, id(&member)?, &amount, lines)?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::Rules(command) => rules::perform(till, &actor, command),
        Command::HandOver { member, voucher } => {
            let (member, voucher) = (id(&member)?, id(&voucher)?);
            Line::quiet(till.clone()).before_hand_over(member, voucher)?;
            Ok(Answer::pretty(print::done(&till.hand_over(&actor, member, voucher)?)))
        }
        Command::Redeem { member, reward, points, on_trust, later, code, no_code } => {
            let input =
                RedeemInput { member: id(&member)?, reward: id(&reward)?, points, on_trust };
            let code = match (code, no_code) {
                (_, true) => CodeInput::LetThrough,
                (Some(digits), false) => CodeInput::Digits(digits),
                (None, false) => CodeInput::None,
            };
            let done = till.redeem_with(&actor, input, later, code)?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::Totp { member } => {
            let PhoneCodeView { secret, uri, .. } = till.set_up_phone(&actor, id(&member)?)?;
            Ok(Answer::new(json!({ "secret": secret, "uri": &uri }), uri))
        }
        Command::Stock { reward, put, take, count, fetch, reason } => {
            let reward = id(&reward)?;
            let change = put
                .map(StockChange::Put)
                .or(take.map(StockChange::Take))
                .or(count.map(StockChange::Count));
            let view = match (change, fetch) {
                (Some(change), _) => {
                    till.change_stock(&actor, reward, change, &reason.unwrap_or_default())?
                }
                (None, Some(amount)) => {
                    Line::quiet(till.clone()).draw_stock(&actor, reward, amount)?
                }
                (None, None) => till.stock(&actor, reward)?,
            };
            Ok(Answer::pretty(serde_json::to_value(view)?))
        }
        Command::Adjust { member, points, reason } => {
            let done = till.adjust_points(&actor, id(&member)?, points, &reason)?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::Book { member, class, at, minutes } => {
            let begins_ms = moment(till, &at)?;
            let done = till.book_class(&actor, id(&member)?, &class, begins_ms, Some(minutes))?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::TransferPoints { from, to, points } => {
            let done = till.transfer_points(&actor, id(&from)?, id(&to)?, points)?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::Rewards => Ok(Answer::pretty(serde_json::to_value(till.reward_list()?)?)),
        Command::SetReward { json } => passes::set_reward(till, &actor, &json),
        Command::PassTypes { member } => {
            let member = member.map(|member| id(&member)).transpose()?;
            Ok(Answer::pretty(serde_json::to_value(till.pass_types(member)?)?))
        }
        Command::GivePass { member, pass_type, from } => {
            let (member, kind) = (id(&member)?, id(&pass_type)?);
            let view = till.give_pass_from(&actor, member, kind, passes::day(from.as_deref())?)?;
            Ok(Answer::pretty(print::done(&view)))
        }
        Command::SetPassType { json } => passes::set_pass_type(till, &actor, &json),
        Command::Pass(args) => passes::pass(till, &actor, args),
        Command::Card(args) => passes::card(till, &actor, args),
        Command::CardNumbers { json } => passes::card_numbers(till, &actor, json.as_deref()),
        Command::TopUp { member, amount, reason } => {
            let done = till.top_up(&actor, id(&member)?, &amount, &reason)?;
            Ok(Answer::pretty(print::done(&done)))
        }
        Command::NewCardNumber => {
            let number = till.new_card_number(&actor)?;
            Ok(Answer::new(json!({"number": number}), number))
        }
        Command::Register { json } => members::register(till, &actor, &json),
        Command::Change { member, json } => members::change(till, &actor, &member, &json),
        Command::Ban { member, reason, .. } => {
            members::ban(till, &actor, &member, reason.as_deref())
        }
        Command::HouseRules { json } => members::house_rules(till, &actor, json.as_deref()),
        Command::OwnFields { json } => members::own_fields(till, &actor, json.as_deref()),
        Command::Details { member, json } => passes::details(till, &actor, &member, &json),
        Command::Alerts { json } => passes::alerts(till, &actor, json.as_deref()),
        Command::Member { id: member } => {
            Ok(Answer::pretty(print::member(&till.member(&actor, id(&member)?)?)?))
        }
        Command::Void { entry } => {
            Ok(Answer::pretty(print::done(&till.undo_entry(&actor, &entry)?)))
        }
        Command::Verify => verify(till),
        Command::Digest => {
            let (digest, tables) = till.digest()?;
            let tables: serde_json::Map<_, _> =
                tables.into_iter().map(|(name, hash)| (name.to_owned(), hash.into())).collect();
            Ok(Answer::new(json!({"digest": digest, "tables": tables}), digest))
        }
        Command::Rebuild => {
            let (before, after) = till.rebuild()?;
            let same = before == after;
            let text = if same {
                "rebuilt; the same as before"
            } else {
                "rebuilt; the tables were wrong and are mended"
            };
            Ok(Answer::new(json!({"before": before, "after": after, "same": same}), text))
        }
        Command::Backup { file } => {
            let done = till.backup(&actor, &file)?;
            let text =
                format!("{} entries, {} bytes: {}", done.entries, done.bytes, done.path.display());
            Ok(Answer::new(
                json!({"path": done.path, "bytes": done.bytes, "entries": done.entries}),
                text,
            ))
        }
        Command::Backups(ask) => backups(till, &actor, &ask),
        Command::Vouch => {
            if pin.is_none() {
                return Err(Error::bad_input("pin", "a manager vouches with their PIN: --pin"));
            }
            till.vouch(&actor)?;
            Ok(Answer::new(json!({"vouched": true}), "vouched for; value can be spent again"))
        }
        Command::Enrol(enrol) => {
            let line = Line::quiet(till.clone());
            if enrol.again {
                line.pair_again(&actor, &pair_input(&enrol))?;
            } else {
                line.pair(&actor, &pair_input(&enrol))?;
            }
            line.sync_now()?;
            Ok(connected(till, &line)?)
        }
        Command::Sync { watch: false } => {
            let line = Line::quiet(till.clone());
            line.sync_now()?;
            clear(till);
            Ok(connected(till, &line)?)
        }
        Command::Sync { watch: true } => keep_syncing(till),
        Command::Draw { member, points } => {
            let line = Line::quiet(till.clone());
            let drawn = line.draw(&actor, id(&member)?, points)?;
            Ok(Answer::new(print::drawn(&drawn), print::drawn_text(&drawn)))
        }
        Command::Merge { kept, gone } => {
            till.merge_members(&actor, id(&kept)?, id(&gone)?)?;
            Ok(Answer::pretty(print::member(&till.member(&actor, id(&kept)?)?)?))
        }
        Command::Erase { member, forfeit } => {
            till.erase_member(&actor, id(&member)?, forfeit)?;
            // It is erased, whether or not there is room to clear what is left of it now.
            let cleared = clear(till);
            let text = if cleared {
                format!("{member} was erased")
            } else {
                format!(
                    "{member} was erased; copies and free space are cleared by `sync` or `expire`"
                )
            };
            Ok(Answer::new(json!({"erased": member, "cleared": cleared}), text))
        }
        Command::Notices => {
            let line = Line::quiet(till.clone());
            Ok(Answer::pretty(serde_json::to_value(till.sync_view(&actor, line.view())?)?))
        }
        Command::Expire => {
            let members = till.expire_due()?;
            clear(till);
            Ok(Answer::new(json!({"members": members}), format!("{members} members")))
        }
        Command::Status => Ok(Answer::pretty(serde_json::to_value(till.status(None)?)?)),
        Command::Log { after } => {
            let mut entries = Vec::new();
            till.log(after, |line| {
                entries.push(serde_json::to_value(line)?);
                Ok(())
            })?;
            Ok(Answer::pretty(json!({ "entries": entries })))
        }
        Command::Init(_) | Command::Restore { .. } | Command::Batch => {
            Err(Error::bad_input("command", "not within a batch"))
        }
    }
}

fn pair_input(enrol: &Enrol) -> PairInput {
    PairInput { hub: enrol.hub.clone(), code: enrol.code.clone(), till: enrol.name.clone() }
}

/// A new till in an empty folder, joined to the business of a hub.
fn joined(data: &Path, enrol: &Enrol, pin: Option<&str>, options: &Options) -> Result<Answer> {
    let Some(pin) = pin else {
        return Err(Error::bad_input("pin", "a new till needs the owner's PIN: --pin"));
    };
    let till = Arc::new(sync::join(data, &pair_input(enrol), pin, options)?);
    connected(&till, &Line::quiet(till.clone()))
}

/// How the till stands with its hub after a sync that went through.
fn connected(till: &Till, line: &Line) -> Result<Answer> {
    let (view, status) = (line.view(), till.status(None)?);
    let text = format!(
        "{} · {}: connected to {}, {} entries wait",
        status.business,
        status.store,
        view.hub.as_deref().unwrap_or("no hub"),
        view.unsynced,
    );
    Ok(Answer::new(json!({"business": status.business, "store": status.store, "line": view}), text))
}

/// Syncs until the process is ended.
fn keep_syncing(till: &Arc<Till>) -> Result<Answer> {
    let _line = Line::start(till.clone())?;
    loop {
        std::thread::park_timeout(HOUSEKEEPING);
        if let Err(error) = till.scrub_when_quiet() {
            tracing::warn!(code = error.code(), "what was erased is not cleared yet");
        }
    }
}

/// Clears free space and older copies of whoever was erased, where there is anything to clear. They are
/// erased whether or not there is room for that now.
fn clear(till: &Till) -> bool {
    let cleared = till.scrub();
    if let Err(error) = &cleared {
        tracing::warn!(code = error.code(), "what was erased is not cleared yet");
    }
    cleared.is_ok()
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::bad_input("id", format!("{text} is not an id")))
}

/// Digits of the minor unit.
fn digits_of(currency: &str) -> Result<u32> {
    match currency {
        "JPY" | "KRW" | "VND" | "CLP" => Ok(0),
        "BHD" | "KWD" | "OMR" | "TND" | "JOD" => Ok(3),
        _ if currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()) => Ok(2),
        _ => Err(Error::bad_input("currency", "three capital letters, as CNY or USD")),
    }
}

fn set_up(data: &Path, init: &Init, pin: Option<&str>, options: &Options) -> Result<Answer> {
    let time_zone = match &init.time_zone {
        Some(zone) => zone.clone(),
        None => iana_time_zone::get_timezone().unwrap_or_else(|_| "Asia/Shanghai".into()),
    };
    if time_zone.parse::<chrono_tz::Tz>().is_err() {
        return Err(Error::bad_input("time_zone", format!("{time_zone} is not a time zone")));
    }
    if init.day_start > 12 {
        return Err(Error::bad_input("day_start", "from 0 to 12"));
    }
    let pin = match pin {
        Some(pin) => pin.to_owned(),
        None => demo::fresh_pin()?,
    };
    let set_up = SetUp {
        business: init.business.clone(),
        store: init.store.clone(),
        currency_digits: digits_of(&init.currency)?,
        currency: init.currency.clone(),
        country: init.country.clone(),
        time_zone,
        day_start_hour: init.day_start,
        owner: init.owner.clone(),
        pin: pin.clone(),
    };
    let till = Till::create(data, &set_up, options)?;
    let mut staff = vec![json!({"name": init.owner, "role": "owner", "pin": pin})];
    if init.demo {
        for person in demo::fill(&till, &till.owner()?)? {
            staff.push(serde_json::to_value(person)?);
        }
    }
    let text = welcome(init, &staff);
    if init.demo {
        // A demo shop's PINs protect nothing: kept, so that they can be looked up again.
        write_private(&data.join("demo-pins.txt"), &text)?;
    }
    Ok(Answer::new(json!({"business": init.business, "store": init.store, "staff": staff}), text))
}

fn welcome(init: &Init, staff: &[Value]) -> String {
    let mut text = format!("{} · {}\n", init.business, init.store);
    for person in staff {
        let field =
            |name: &str| person.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let line = format!("  PIN {}  {:<13} {}\n", field("pin"), field("role"), field("name"));
        text.push_str(&line);
    }
    if init.demo {
        text.push_str("Cards 10000001 to 10000012 show one verdict each; search by name, pinyin or phone ending.");
    } else {
        text.push_str("Note the PIN now: it is not kept anywhere in clear.");
    }
    text
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}

fn restore(
    data: &Path,
    file: &Path,
    passphrase: Option<&Path>,
    options: &Options,
) -> Result<Answer> {
    let till = match passphrase {
        Some(path) => Till::restore_elsewhere(data, file, &passphrase_in(path)?, options)?,
        None => Till::restore(data, file, options)?,
    };
    let status = till.status(None)?;
    Ok(Answer::new(
        json!({"restored": true, "distrust": status.distrust, "only_till": status.only_till}),
        "restored. Nothing can be spent until the hub has been reached or, as the only till, a manager vouches: punchcard-till vouch --pin PIN",
    ))
}

fn passphrase_in(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::BadFile {
        path: path.display().to_string(),
        message: error.to_string(),
    })
}

/// Sets what is said of daily backups, makes the day's where it is due, and says how it stands.
fn backups(till: &Till, actor: &Actor, ask: &Backups) -> Result<Answer> {
    if let Some(path) = &ask.passphrase_file {
        till.set_recovery(actor, &passphrase_in(path)?)?;
    }
    if let Some(folder) = &ask.to {
        let folder = std::path::absolute(folder)?;
        till.set_backup_plan(actor, Some(BackupPlan { folder, keep: ask.keep }))?;
    } else if ask.off {
        till.set_backup_plan(actor, None)?;
    }
    let made = till.backup_if_due()?.map(|done| done.path);
    let (plan, recovery) = till.backup_plan()?;
    let text = match (&plan, &made) {
        (None, _) => "no daily backups: punchcard-till backups --to DIR".to_owned(),
        (Some(plan), None) => {
            format!("every day into {}, {} are kept", plan.folder.display(), plan.keep)
        }
        (Some(plan), Some(path)) => {
            format!("{}\nevery day, {} are kept", path.display(), plan.keep)
        }
    };
    let keys = if recovery {
        "the keys lie sealed beside each"
    } else {
        "they can be restored only where the store's keys are: --passphrase-file seals them too"
    };
    let json = json!({"plan": plan, "recovery": recovery, "made": made});
    Ok(Answer::new(json, format!("{text}\n{keys}")))
}

fn bring_in(till: &Till, actor: &Actor, import: &Import) -> Result<Answer> {
    let bytes = std::fs::read(&import.file).map_err(|error| Error::BadFile {
        path: import.file.display().to_string(),
        message: error.to_string(),
    })?;
    let profile: Profile = import.profile.parse()?;
    let input = ImportInput { bytes, profile, dry_run: import.dry_run };
    let report = match &import.rejects {
        Some(path) => {
            let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
            let report = till.import(actor, &input, &mut out)?;
            out.flush()?;
            report
        }
        None => till.import(actor, &input, &mut std::io::sink())?,
    };
    Ok(Answer::new(serde_json::to_value(&report)?, print::import(&report)))
}

fn find(till: &Till, actor: &Actor, query: &str, limit: usize) -> Result<Answer> {
    let found = till.find(actor, query, limit)?;
    let lines: Vec<String> = found
        .iter()
        .map(|member| {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            format!(
                "{}  {}  {}  {}  {}",
                member.id,
                member.name,
                text(&member.phone),
                text(&member.card),
                text(&member.tier)
            )
        })
        .collect();
    let text = if lines.is_empty() { "nobody".to_owned() } else { lines.join("\n") };
    Ok(Answer::new(Value::Array(found.iter().map(print::brief).collect()), text))
}

fn check_in(till: &Till, actor: &Actor, input: CheckIn) -> Result<Answer> {
    let who = match (input.who.card, input.who.phone, input.who.member) {
        (Some(card), ..) => Who::Card(card),
        (_, Some(phone), _) => Who::Phone(phone),
        (.., member) => Who::Member(id(&member.unwrap_or_default())?),
    };
    if input.family {
        return family(till, actor, who);
    }
    let how = match (input.let_in, input.guest) {
        (Some(reason), _) => CheckInHow::LetIn(reason),
        (None, Some(name)) => CheckInHow::Guest(name),
        (None, None) if input.use_visit => CheckInHow::UseVisit,
        (None, None) => CheckInHow::Scan,
    };
    let at_ms = input.at.map(|text| moment(till, &text)).transpose()?;
    let view = till.check_in_at(actor, who, how, at_ms, input.zone)?;
    let mut answer = Answer::new(print::check_in(&view), verdict_line(&view));
    answer.status = if view.refused() { 3 } else { 0 };
    Ok(answer)
}

/// Everybody of a family; refused where anybody of them is.
fn family(till: &Till, actor: &Actor, who: Who) -> Result<Answer> {
    let views = till.check_in_family(actor, who)?;
    let lines: Vec<String> = views.iter().map(verdict_line).collect();
    let all: Vec<Value> = views.iter().map(print::check_in).collect();
    let mut answer = Answer::new(json!({ "check_ins": all }), lines.join("\n"));
    answer.status = if views.iter().any(CheckInView::refused) { 3 } else { 0 };
    Ok(answer)
}

fn verdict_line(view: &CheckInView) -> String {
    let codes: Vec<&str> =
        view.reasons.iter().map(punchcard_domain::verdict::Reason::code).collect();
    let name = view.member.as_ref().map_or("nobody's card", |member| member.name.as_str());
    let word = match view.verdict {
        punchcard_domain::verdict::Verdict::Admit => "ADMIT",
        punchcard_domain::verdict::Verdict::Note => "NOTE",
        punchcard_domain::verdict::Verdict::Refuse => "REFUSE",
    };
    format!("{word}  {name}  {}", codes.join(", "))
}

/// RFC 3339, or the store's own time without a zone.
pub(crate) fn moment(till: &Till, text: &str) -> Result<i64> {
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(moment.timestamp_millis());
    }
    let bad =
        || Error::bad_input("at", format!("{text} is not a time, as 2026-11-23T14:30:00+08:00"));
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| chrono::NaiveDateTime::parse_from_str(text, format).ok())
        .ok_or_else(bad)?;
    let zone: chrono_tz::Tz = till.status(None)?.time_zone.parse().map_err(|_| bad())?;
    let moment = local.and_local_timezone(zone).earliest().ok_or_else(bad)?;
    Ok(moment.timestamp_millis())
}

fn verify(till: &Till) -> Result<Answer> {
    let found = till.verify()?;
    let text = if found.ok {
        format!("ok: {} entries, digest {}", found.entries, found.digest)
    } else {
        format!("NOT ok: {} entries\n- {}", found.entries, found.problems.join("\n- "))
    };
    let mut answer = Answer::new(serde_json::to_value(&found)?, text);
    answer.status = if found.ok { 0 } else { 4 };
    Ok(answer)
}

fn log_lines(till: &Till, after: u64) -> Result<ExitCode> {
    let out = std::io::stdout();
    till.log(after, |line| {
        let at = print::moment(line.wall_ms);
        let hash = line.hash.get(..12).unwrap_or_default();
        writeln!(out.lock(), "{:>8}  {at}  {hash}  {:<18}  {}", line.seq, line.kind, line.payload)?;
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// One line of a batch, as a command line without `--data`.
#[derive(clap::Parser)]
#[command(name = "", no_binary_name = true)]
struct BatchLine {
    #[arg(long)]
    pin: Option<String>,
    #[command(subcommand)]
    command: Command,
}

/// Commands from standard input, an answer each, told only when it is done.
fn batch(till: &Arc<Till>) -> Result<ExitCode> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words = words(&line);
        if words.is_empty() {
            continue;
        }
        let answer = match BatchLine::try_parse_from(words) {
            Ok(line) => perform(till, line.command, line.pin.as_deref()),
            Err(error) => Err(Error::bad_input("command", error.render().to_string())),
        };
        let out = match answer {
            Ok(answer) => answer.json,
            Err(error) if error.kind() == ErrorKind::Damaged => return Err(error),
            Err(error) => json!({ "error": error.to_app() }),
        };
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{out}")?;
        stdout.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Words of a line; double quotes hold spaces together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

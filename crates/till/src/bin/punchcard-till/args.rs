//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// One till without a window: check-in, points and redemption, offline.
///
/// Acts as the owner of the machine, or, with --pin, as whoever's PIN it is.
/// Exit status: 0 done, 1 broken, 2 usage, 3 refused by a rule, 4 damaged.
#[derive(Parser)]
#[command(name = "punchcard-till", version)]
pub(crate) struct Args {
    /// The till's data folder.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Print one JSON object (errors too) instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Act as whoever has this PIN.
    #[arg(long, global = true)]
    pub(crate) pin: Option<String>,
    /// Keep a new store's keys in a file under --data even where there is a keyring.
    #[arg(long, global = true)]
    pub(crate) keys_in_file: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new store.
    Init(Init),
    /// Import members from a CSV file. Points and stored value arrive as opening lots.
    Import(Import),
    /// Find members by phone ending, card, name, pinyin or initials.
    Find {
        /// What to look for.
        query: String,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Check somebody in. A red verdict exits with 3, and is recorded.
    CheckIn(CheckIn),
    /// Give points for an amount spent.
    Earn {
        /// To whom.
        #[arg(long)]
        member: String,
        /// What was paid: 128.00.
        #[arg(long)]
        amount: String,
        /// What was sold: pieces, category, item and what was paid for it, as 2:coffee:latte:60.00.
        #[arg(long = "line")]
        lines: Vec<String>,
    },
    /// The owner's rules for points.
    #[command(subcommand)]
    Rules(Rules),
    /// Redeem points for a reward.
    Redeem {
        /// Whose points.
        #[arg(long)]
        member: String,
        /// Which reward: see `rewards`.
        #[arg(long)]
        reward: String,
        /// How many, where the reward lets you choose.
        #[arg(long)]
        points: Option<i64>,
        /// What is short goes on trust, within the owner's limit.
        #[arg(long)]
        on_trust: bool,
        /// It is handed over later, for a voucher.
        #[arg(long, conflicts_with = "on_trust")]
        later: bool,
        /// The six digits that the member's phone shows, above the cost that the owner set.
        #[arg(long)]
        code: Option<String>,
        /// Without the code: somebody who may lets it through.
        #[arg(long, conflicts_with = "code")]
        no_code: bool,
    },
    /// Set a member's phone up for codes. What it is made of is shown this once; a phone that was set
    /// up before shows wrong codes from now on.
    Totp {
        /// Whose.
        #[arg(long)]
        member: String,
    },
    /// Hand a reward over for a voucher: `member` lists them.
    HandOver {
        /// To whom.
        #[arg(long)]
        member: String,
        /// The voucher: the entry that gave it.
        #[arg(long)]
        voucher: String,
    },
    /// How many of a reward there are in this store; put some in, take some out, count, or fetch
    /// some from another desk of the store.
    Stock {
        /// Which reward: see `rewards`.
        #[arg(long)]
        reward: String,
        /// So many came.
        #[arg(long, group = "change", requires = "reason")]
        put: Option<i64>,
        /// So many are gone.
        #[arg(long, group = "change", requires = "reason")]
        take: Option<i64>,
        /// So many there are in the whole store.
        #[arg(long, group = "change", requires = "reason")]
        count: Option<i64>,
        /// So many are fetched.
        #[arg(long, group = "change")]
        fetch: Option<i64>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Book a member for a class: a pass that is only for classes lets them in from an hour before it
    /// until it ends.
    Book {
        /// Whom.
        #[arg(long)]
        member: String,
        /// What the class is called.
        #[arg(long)]
        class: String,
        /// When it begins: RFC 3339, or the store's own time without a zone.
        #[arg(long)]
        at: String,
        /// How long it lasts.
        #[arg(long, default_value_t = 60)]
        minutes: u32,
    },
    /// Give points by hand, or take them: a number below zero.
    Adjust {
        /// Whose points.
        #[arg(long)]
        member: String,
        /// How many: 50, or -50.
        #[arg(long, allow_negative_numbers = true)]
        points: i64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Make points of one member another's; they run out when they would have.
    TransferPoints {
        /// Whose they are.
        #[arg(long)]
        from: String,
        /// Whose they will be.
        #[arg(long)]
        to: String,
        /// How many.
        #[arg(long)]
        points: i64,
    },
    /// Load money onto a member's account, and give what the rules say for it.
    TopUp {
        /// Whose.
        #[arg(long)]
        member: String,
        /// How much: 500.00.
        #[arg(long)]
        amount: String,
        /// Why, or how it was paid.
        #[arg(long)]
        reason: String,
    },
    /// Rewards on offer, with their ids.
    Rewards,
    /// Set a reward: the object that `rewards` shows, without an id for a new one. Under `terms`:
    /// from, until, tiers, stores, `money_minor`, `needs_approval`.
    SetReward {
        /// JSON.
        #[arg(id = "settings", value_name = "JSON")]
        json: String,
    },
    /// Kinds of pass on offer, with their ids.
    PassTypes {
        /// For what this member pays, whose tier may let them pay less.
        #[arg(long)]
        member: Option<String>,
    },
    /// Give a pass.
    GivePass {
        /// To whom.
        #[arg(long)]
        member: String,
        /// Which kind: see `pass-types`.
        #[arg(long)]
        pass_type: String,
        /// The day it begins on, YYYY-MM-DD, where its kind lets that be chosen.
        #[arg(long)]
        from: Option<String>,
    },
    /// Set a kind of pass: the object that `pass-types` shows, without an id for a new one.
    SetPassType {
        /// JSON.
        #[arg(id = "settings", value_name = "JSON")]
        json: String,
    },
    /// What happens to a pass that somebody has.
    Pass(PassArgs),
    /// What happens to a card.
    Card(CardArgs),
    /// How new cards are numbered: prefix, digits of the running part, numbers allotted to a till
    /// at a time. A check digit comes last.
    CardNumbers {
        /// JSON, as it is shown without it: sets it; null: cards are not numbered here.
        #[arg(id = "settings", value_name = "JSON")]
        json: Option<String>,
    },
    /// The number of a new card, which no other till gives out. It is not given a second time.
    NewCardNumber,
    /// Open a member's file: name, phone, email, birthday, gender, note, tags, cards, tier (an id),
    /// details.
    Register {
        /// JSON.
        #[arg(id = "settings", value_name = "JSON")]
        json: String,
    },
    /// Change a member's file, as `register` opens it.
    Change {
        /// Whose.
        #[arg(long)]
        member: String,
        /// JSON; what is absent stays, what is empty is taken out.
        #[arg(id = "settings", value_name = "JSON")]
        json: String,
    },
    /// Let a member in no more, for a reason; or again.
    Ban {
        /// Whom.
        #[arg(long)]
        member: String,
        /// Why.
        #[arg(long, required_unless_present = "lift")]
        reason: Option<String>,
        /// They are let in again.
        #[arg(long, conflicts_with = "reason")]
        lift: bool,
    },
    /// The house rules.
    HouseRules {
        /// JSON, as they are shown without it: sets them; what is absent stays.
        #[arg(id = "settings", value_name = "JSON")]
        json: Option<String>,
    },
    /// The owner's own fields on members' files.
    OwnFields {
        /// JSON, as they are shown without it: sets them, all of them.
        #[arg(id = "settings", value_name = "JSON")]
        json: Option<String>,
    },
    /// Change the rest of a member's file: contact, waiver, `waiver_by`, guardian, family_of, consent,
    /// referred_by, custom.
    Details {
        /// Whose.
        #[arg(long)]
        member: String,
        /// JSON; what is absent stays.
        #[arg(id = "settings", value_name = "JSON")]
        json: String,
    },
    /// What a desk says of whoever stands before it, and how loudly.
    Alerts {
        /// JSON, as it is shown without it: sets it.
        #[arg(id = "settings", value_name = "JSON")]
        json: Option<String>,
    },
    /// A member's file, with points on file, spendable here, and the age of the figure.
    Member {
        /// Id: see `find`.
        id: String,
    },
    /// Take something back: a place in this till's journal, or a fact's id.
    Void {
        /// Which.
        entry: String,
    },
    /// Does the store hold together?
    Verify,
    /// One hash over all folded tables.
    Digest,
    /// Make the folded tables anew from the journal.
    Rebuild,
    /// Write a backup.
    Backup {
        /// A file that does not exist yet.
        file: PathBuf,
    },
    /// Put a backup in the place of the store. Nothing can be spent until it is vouched for.
    Restore {
        /// A backup of this store.
        file: PathBuf,
        /// On a machine that does not have the store's keys, into an empty folder: a file with the
        /// recovery passphrase. The keys lie sealed beside the backup, as FILE.keys.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Daily backups: where they go, and with which passphrase they can be restored elsewhere. Without
    /// anything: say how it stands, and make the day's where it is due.
    Backups(Backups),
    /// Vouch, with a manager's PIN, for a store that was restored, where it is the only till.
    Vouch,
    /// Join the business of a hub, with a code from `punchcard-hub pair`. A till that has a
    /// business brings it to a hub that has none; in an empty folder a new till is made, and --pin
    /// is the owner's PIN on it.
    Enrol(Enrol),
    /// Sync with the hub.
    Sync {
        /// Go on syncing, and give what the hub asks for, until interrupted.
        #[arg(long)]
        watch: bool,
    },
    /// Fetch points of a member that are held elsewhere.
    Draw {
        /// Whose points.
        #[arg(long)]
        member: String,
        /// How many.
        #[arg(long)]
        points: i64,
    },
    /// Two files are one person's: the second is shown as the first from now on.
    Merge {
        /// The file that stays.
        kept: String,
        /// The other one.
        gone: String,
    },
    /// Erase a person for good, with every file of theirs: here now, elsewhere with the next sync, and from
    /// this till's own backups.
    Erase {
        /// Who: see `find`.
        #[arg(long)]
        member: String,
        /// What they have on file is lost.
        #[arg(long)]
        forfeit: bool,
    },
    /// What sync has told, and files that may be one person's.
    Notices,
    /// Post what has run out.
    Expire,
    /// How the till stands.
    Status,
    /// The journal.
    Log {
        /// Only what stands after this place.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Read one command a line from standard input, answer one JSON object a line: for scripts
    /// that do many things. Lines are those of the command line, without --data.
    Batch,
}

#[derive(Subcommand)]
pub(crate) enum Rules {
    /// All of them, in the order in which they are asked.
    List,
    /// Set the rules in a JSON file, all or none: see docs/rules/README.md. What is in the file
    /// becomes the newest version of each; other rules stay as they are.
    Set {
        /// One rule, or a list of them.
        file: PathBuf,
    },
    /// Set the tiers in a JSON file, all or none: see docs/rules/README.md.
    SetTiers {
        /// One tier, or a list of them.
        file: PathBuf,
    },
    /// What each rule would give, and why. Changes nothing.
    DryRun(DryRun),
}

#[derive(ClapArgs)]
pub(crate) struct DryRun {
    /// To whom.
    #[arg(long)]
    pub(crate) member: String,
    #[command(flatten)]
    pub(crate) what: TrialArgs,
    /// What would be sold, as 2:coffee:latte:60.00.
    #[arg(long = "line", requires = "amount")]
    pub(crate) lines: Vec<String>,
    /// When: RFC 3339, or the store's own time without a zone; now where it is not given.
    #[arg(long)]
    pub(crate) at: Option<String>,
}

#[derive(ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct TrialArgs {
    /// A sale of so much: 128.00.
    #[arg(long)]
    pub(crate) amount: Option<String>,
    /// A visit.
    #[arg(long)]
    pub(crate) visit: bool,
    /// Money loaded: 500.00.
    #[arg(long)]
    pub(crate) top_up: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Init {
    /// Name of the business.
    #[arg(long)]
    pub(crate) business: String,
    /// Name of this store.
    #[arg(long)]
    pub(crate) store: String,
    /// The owner's name.
    #[arg(long, default_value = "店主 Owner")]
    pub(crate) owner: String,
    /// IANA name; the machine's where it is not given.
    #[arg(long)]
    pub(crate) time_zone: Option<String>,
    /// ISO 4217: CNY, USD, EUR, GBP, JPY, HKD, TWD, SGD…
    #[arg(long, default_value = "CNY")]
    pub(crate) currency: String,
    /// ISO 3166: how phones without a country are read.
    #[arg(long, default_value = "CN")]
    pub(crate) country: String,
    /// The business day begins at this hour, 0 to 12.
    #[arg(long, default_value_t = 0)]
    pub(crate) day_start: u32,
    /// Fill it with a demo shop; prints everybody's PIN.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(ClapArgs)]
pub(crate) struct Backups {
    /// A folder, best on another disk.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// So many are kept.
    #[arg(long, value_name = "N", default_value_t = 14, requires = "to")]
    pub(crate) keep: usize,
    /// No more daily backups.
    #[arg(long, conflicts_with = "to")]
    pub(crate) off: bool,
    /// A file with the recovery passphrase: the keys are sealed with it beside each backup.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct Enrol {
    /// Address of the hub, as https://10.0.0.5:8787.
    #[arg(long)]
    pub(crate) hub: String,
    /// The code, as ABCD-EFGH-JKMN-PQRS.
    #[arg(long)]
    pub(crate) code: String,
    /// What people call this till.
    #[arg(long, default_value = "")]
    pub(crate) name: String,
    /// It was paired before: with this hub, which was restored and does not know it any more, or with
    /// one that was lost. It keeps its journal, and gives the hub what it lacks.
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(ClapArgs)]
pub(crate) struct Import {
    /// A CSV file, in UTF-8 or GB18030.
    pub(crate) file: PathBuf,
    /// Which column is which: auto, zh or en.
    #[arg(long, default_value = "auto")]
    pub(crate) profile: String,
    /// Only say what would come in.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where rows that did not come in are written, with their reason.
    #[arg(long)]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct PassArgs {
    /// Whose.
    #[arg(long)]
    pub(crate) member: String,
    /// Which pass: see `member`.
    #[arg(long)]
    pub(crate) pass: String,
    #[command(subcommand)]
    pub(crate) what: PassCommand,
}

#[derive(Subcommand)]
pub(crate) enum PassCommand {
    /// It cannot be used for a while, and ends so many days later.
    Freeze {
        /// First day, YYYY-MM-DD; today where it is not given.
        #[arg(long)]
        from: Option<String>,
        /// Last day; as long as the year's limit lets where it is not given.
        #[arg(long)]
        until: Option<String>,
    },
    /// Its freeze ends today.
    Unfreeze,
    /// It ends later.
    Extend {
        /// So many days.
        #[arg(long)]
        days: u32,
        /// Why.
        #[arg(long)]
        because: String,
    },
    /// It ends before its time.
    Cancel {
        /// First day on which it can no longer be used; today where it is not given.
        #[arg(long)]
        on: Option<String>,
        /// What is given back, in minor units.
        #[arg(long, default_value_t = 0)]
        refund: i64,
        /// Why.
        #[arg(long)]
        because: String,
    },
    /// Another kind takes its place, for the difference.
    Upgrade {
        /// Which kind: see `pass-types`.
        #[arg(long)]
        to: String,
    },
    /// It becomes somebody else's, as it stands.
    Transfer {
        /// Whose.
        #[arg(long)]
        to: String,
        /// What is paid for it, in minor units; what the pass asks for where it is not given.
        #[arg(long)]
        fee: Option<i64>,
    },
}

#[derive(ClapArgs)]
pub(crate) struct CardArgs {
    /// Whose.
    #[arg(long)]
    pub(crate) member: String,
    /// Which card, in any spelling.
    #[arg(long)]
    pub(crate) card: String,
    #[command(subcommand)]
    pub(crate) what: CardCommand,
}

#[derive(Subcommand)]
pub(crate) enum CardCommand {
    /// It was reported lost: whoever scans it is stopped.
    Lost,
    /// It was found again.
    Found,
    /// Another card takes its place.
    Replace {
        /// The new one.
        #[arg(long)]
        new: String,
    },
    /// It is somebody else's from now on.
    Move {
        /// Whose.
        #[arg(long)]
        to: String,
    },
}

#[derive(ClapArgs)]
pub(crate) struct CheckIn {
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// When it happened, where it is written down afterwards: RFC 3339, or the store's own time
    /// without a zone.
    #[arg(long)]
    pub(crate) at: Option<String>,
    /// Take a visit from a pack, seen again or not.
    #[arg(long, conflicts_with = "let_in")]
    pub(crate) use_visit: bool,
    /// Let in this once, for this reason.
    #[arg(long, value_name = "REASON")]
    pub(crate) let_in: Option<String>,
    /// A guest of the member's, by name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["use_visit", "let_in"])]
    pub(crate) guest: Option<String>,
    /// The part of the store whose door this is.
    #[arg(long)]
    pub(crate) zone: Option<String>,
    /// Everybody of their family too.
    #[arg(long, conflicts_with_all = ["use_visit", "let_in", "guest", "zone", "at"])]
    pub(crate) family: bool,
}

#[derive(ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct WhoArgs {
    /// Whoever holds this card.
    #[arg(long)]
    pub(crate) card: Option<String>,
    /// Whoever has this phone.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// This member.
    #[arg(long)]
    pub(crate) member: Option<String>,
}

//! Members from another system's file.
//!
//! A row that cannot be read never stops an import: it goes to the rejects with its reason in
//! words and its original cells, and can be mended and imported again. The same file twice
//! changes nothing. Rows come in by batches, each whole or not at all.

pub mod cells;
mod profile;
mod row;

use std::{
    collections::{BTreeMap, HashSet},
    io::Write,
};

use punchcard_domain::{
    fact::{Fact, RecordSet},
    records::Tier,
    staff::Permission,
};
use punchcard_protocol::{FactId, RecordId};

pub use profile::Profile;
use profile::{Columns, columns};
use row::{Good, Reject};

use crate::{
    error::{Error, Result},
    random,
    store::{keys_of_members::fold, read, records},
    till::Till,
    use_cases::actor::Actor,
    views::ImportReport,
    work::Work,
};

/// Members in one transaction.
const BATCH: usize = 500;
/// The largest file that is taken.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// What to import, and how.
pub struct ImportInput {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Which column is which.
    pub profile: Profile,
    /// Only say what would come in.
    pub dry_run: bool,
}

impl Till {
    /// Imports members. Rows that did not come in are written to `rejects` as CSV.
    ///
    /// # Errors
    /// `approval_needed`; `bad_file` for what is no CSV of members; those of the store, where
    /// everything up to the last whole batch has come in.
    pub fn import(
        &self,
        actor: &Actor,
        input: &ImportInput,
        rejects: &mut dyn Write,
    ) -> Result<ImportReport> {
        actor.require(Permission::ImportMembers)?;
        let table = Table::read(&input.bytes, input.profile)?;
        let context = self.context(&table.columns)?;
        let mut report = ImportReport::default();
        let mut seen = HashSet::new();
        let mut refused = Rejects::new(rejects, &table.heading)?;
        let mut batch = Vec::new();
        for cells in &table.rows {
            report.rows += 1;
            let read = row::read(cells, &table.columns, table.heading.len(), &context, &mut seen);
            report.warnings.bad_birthday += u64::from(read.bad_birthday);
            match read.outcome {
                Ok(good) => batch.push((good, cells.clone(), read.bad_pass)),
                Err(reject) => refused.put(&mut report, cells, reject)?,
            }
            if batch.len() == BATCH {
                self.bring_in(actor, &mut batch, input, &mut report, &mut refused)?;
            }
        }
        self.bring_in(actor, &mut batch, input, &mut report, &mut refused)?;
        refused.finish()?;
        Ok(report)
    }

    fn context(&self, columns: &Columns) -> Result<row::Context> {
        let country = columns.country;
        self.write(move |work| {
            let business = &work.house.business;
            Ok(row::Context {
                country: country.map_or_else(|| business.country.clone(), str::to_owned),
                digits: business.currency_digits,
                today: work.house.store.days().day_of(work.now_ms()),
                days: work.house.store.days(),
            })
        })
    }

    /// Brings a batch in, in one transaction.
    fn bring_in(
        &self,
        actor: &Actor,
        batch: &mut Vec<(Good, Vec<String>, bool)>,
        input: &ImportInput,
        report: &mut ImportReport,
        refused: &mut Rejects<'_>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let (actor, dry_run) = (actor.clone(), input.dry_run);
        let rows: Vec<(Good, Vec<String>, bool)> = std::mem::take(batch);
        let (outcomes, rows) = self.write(move |work| {
            let mut tiers = tiers_by_name(work)?;
            let mut outcomes = Vec::new();
            for (good, _, _) in &rows {
                outcomes.push(bring_one_in(work, &actor, good, &mut tiers, dry_run)?);
            }
            Ok((outcomes, rows))
        })?;
        for (outcome, (good, cells, bad_pass)) in outcomes.iter().zip(&rows) {
            match outcome {
                Outcome::CameIn => {
                    report.imported += 1;
                    report.points_total = add(report.points_total, good.points)?;
                    report.stored_minor_total = add(report.stored_minor_total, good.stored_minor)?;
                    report.warnings.bad_pass += u64::from(*bad_pass);
                }
                Outcome::AlreadyHere => report.already_here += 1,
                Outcome::Taken => refused.put(report, cells, Reject::DuplicatePhone)?,
            }
        }
        Ok(())
    }
}

fn add(total: i64, amount: i64) -> Result<i64> {
    total.checked_add(amount).ok_or_else(|| Error::Internal("the total is too large".into()))
}

/// What became of a good row.
enum Outcome {
    CameIn,
    AlreadyHere,
    Taken,
}

fn bring_one_in(
    work: &mut Work<'_>,
    actor: &Actor,
    good: &Good,
    tiers: &mut BTreeMap<String, RecordId>,
    dry_run: bool,
) -> Result<Outcome> {
    if let Some(found) = holder(work, good)? {
        return Ok(found);
    }
    if dry_run {
        return Ok(Outcome::CameIn);
    }
    let tier = match good.tier.as_str() {
        "" => None,
        name => Some(tier(work, actor, tiers, name)?),
    };
    let now_ms = work.now_ms();
    let me = work.stream();
    let mut ids = || random::uuid_at(now_ms);
    let (fact, private) = good.registered(me, work.house.store.id, tier, &mut ids)?;
    work.append_with(
        actor.staff,
        Fact::MemberRegistered(fact),
        Some(serde_json::to_vec(&private)?),
    )?;
    Ok(Outcome::CameIn)
}

/// Whether the phone is somebody's here: the same member's (by card, or, where the file has no
/// card, by name), or another's.
fn holder(work: &Work<'_>, good: &Good) -> Result<Option<Outcome>> {
    let digits: String = good.phone.chars().rev().filter(char::is_ascii_digit).collect();
    let holders = read::members_with_key(work.db, &format!("p{digits}"))?;
    for number in &holders {
        let Some(file) = read::member_by_number(work.db, *number)? else { continue };
        let same = match &good.card {
            Some(card) => file.cards.iter().any(|held| fold(held) == fold(card)),
            None => fold(&file.name) == fold(&good.name),
        };
        if same {
            return Ok(Some(Outcome::AlreadyHere));
        }
    }
    Ok((!holders.is_empty()).then_some(Outcome::Taken))
}

fn tiers_by_name(work: &Work<'_>) -> Result<BTreeMap<String, RecordId>> {
    Ok(records::tiers(work.db)?.into_iter().map(|tier| (tier.name, tier.id)).collect())
}

/// The tier of a name, made where there is none: with no privileges until the owner gives it some.
fn tier(
    work: &mut Work<'_>,
    actor: &Actor,
    tiers: &mut BTreeMap<String, RecordId>,
    name: &str,
) -> Result<RecordId> {
    if let Some(id) = tiers.get(name) {
        return Ok(*id);
    }
    let id = RecordId(random::uuid_at(work.now_ms())?);
    let record =
        Tier { id, name: name.to_owned(), multiplier_percent: 100, ladder: None, privileges: None };
    let fact = RecordSet { id: FactId(random::uuid_at(work.now_ms())?), record, private: None };
    work.append_with(actor.staff, Fact::TierSet(fact), None)?;
    tiers.insert(name.to_owned(), id);
    Ok(id)
}

/// A file of members, taken apart.
struct Table {
    heading: Vec<String>,
    columns: Columns,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(bytes: &[u8], profile: Profile) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::bad_input("file", "larger than 256 MiB; split it"));
        }
        if bytes.contains(&0) {
            return Err(Error::bad_input(
                "file",
                "this is not CSV text. Save the table as CSV (UTF-8 or GB18030) and try again",
            ));
        }
        let text = decode(bytes)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(&text))
            .from_reader(text.as_bytes());
        let mut rows = reader.records().filter_map(|record| {
            // A row that csv cannot take apart is kept as a row of no cells, and rejected as such.
            let cells = record.map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
            let cells = cells.unwrap_or_default();
            (!cells.iter().all(|cell| cell.trim().is_empty()) || cells.is_empty()).then_some(cells)
        });
        let mut heading =
            rows.next().ok_or_else(|| Error::bad_input("file", "the file is empty"))?;
        if let Some(first) = heading.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        let columns = columns(&heading, profile)?;
        let rows = rows.map(|cells| cells.iter().map(|c| cells::unguard(c).to_owned()).collect());
        Ok(Self { columns, rows: rows.collect(), heading })
    }
}

/// UTF-8 where it is, else GB18030, which every Chinese system writes.
fn decode(bytes: &[u8]) -> Result<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
    let strange = text.chars().filter(|c| *c == '\u{FFFD}').count();
    if broken && strange * 100 > text.chars().count() {
        return Err(Error::bad_input(
            "file",
            "the text is neither UTF-8 nor GB18030. Save the table as CSV UTF-8 and try again",
        ));
    }
    Ok(text.into_owned())
}

/// What parts the cells: whatever the first line has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |wanted: char| first.chars().filter(|c| *c == wanted).count();
    let best = [',', '\t', ';'].into_iter().max_by_key(|c| (count(*c), *c == ',')).unwrap_or(',');
    u8::try_from(best).unwrap_or(b',')
}

/// The file of rows that did not come in.
struct Rejects<'a> {
    out: csv::Writer<&'a mut dyn Write>,
    /// The heading had the column already: this is a mended file of rejects.
    again: Option<usize>,
    width: usize,
}

const REASON: &str = "reason 原因";

impl<'a> Rejects<'a> {
    fn new(out: &'a mut dyn Write, heading: &[String]) -> Result<Self> {
        // Excel takes a file without this mark for the system's old code page.
        out.write_all("\u{feff}".as_bytes())?;
        let again = heading.iter().position(|cell| cell == REASON);
        let mut out = csv::WriterBuilder::new().flexible(true).from_writer(out);
        let mut cells: Vec<String> = heading.iter().map(|cell| cells::guard(cell)).collect();
        if again.is_none() {
            cells.push(REASON.to_owned());
        }
        out.write_record(&cells).map_err(csv_failed)?;
        Ok(Self { out, again, width: heading.len() })
    }

    fn put(&mut self, report: &mut ImportReport, cells: &[String], reject: Reject) -> Result<()> {
        reject.count(&mut report.rejected);
        let mut row: Vec<String> = cells.iter().map(|cell| cells::guard(cell)).collect();
        row.resize(self.width.max(row.len()), String::new());
        let words = reject.in_words();
        match self.again {
            Some(at) if at < row.len() => words.clone_into(&mut row[at]),
            _ => row.push(words.to_owned()),
        }
        self.out.write_record(&row).map_err(csv_failed)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

fn csv_failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Error::Internal(format!("{other:?}")),
    }
}

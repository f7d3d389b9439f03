//! The tables of a snapshot: how their rows come, and how they are put.

use super::bad;
use crate::error::Result;

/// How one or more values of a row become this machine's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    /// As it is.
    Plain,
    /// A member: the number.
    Member,
    /// A member, or nothing.
    Whose,
    /// A member, or nothing for the store's own.
    Owner,
    /// A member whose file this is: the number, and the id.
    File,
    /// Till and incarnation: the number.
    Stream,
    /// Till and incarnation, or two times nothing for nobody.
    Holder,
    /// Till, incarnation and place: where the entry would lie.
    Entry,
}
pub(super) use Local::{Entry, File, Holder, Member, Owner, Plain, Stream, Whose};

impl Local {
    /// How many values it is made of.
    pub(super) fn taken(self) -> usize {
        match self {
            Stream | Holder => 2,
            Entry => 3,
            _ => 1,
        }
    }

    /// How many columns it fills.
    fn given(self) -> usize {
        if self == File { 2 } else { 1 }
    }
}

/// One table, as its rows come and as they are put.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Local],
    /// The table and its columns, as they are put.
    pub(super) into: &'static str,
    /// What every row has in the last of those columns.
    pub(super) always: &'static str,
    /// The column that the table is clustered by, where the rows come in another order: those of
    /// a page are put in this one.
    pub(super) by: Option<usize>,
}

const fn table(
    name: &'static str,
    columns: &'static [Local],
    into: &'static str,
    by: Option<usize>,
) -> Layout {
    Layout { name, columns, into, always: "", by }
}

/// Rows of several tables that are put into one.
const fn part_of(table: Layout, always: &'static str) -> Layout {
    Layout { always, ..table }
}

/// Every table of a snapshot.
pub(super) const TABLES: &[Layout] = &[
    table(
        "fact",
        &[Plain, Entry, Plain, Whose, Plain, Plain, Plain, Plain, Plain, Plain],
        "fact (id, entry, kind, member, store, at_ms, points, amount_minor, verdict, counted)",
        None,
    ),
    table("void", &[Plain; 2], "void (target, by)", None),
    table(
        "member",
        &[
            File, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain,
            Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain,
        ],
        "member (n, id, name, phone, email, birthday, gender, note, tags, cards, tier, home_store,
                 banned, photo, contact, waiver, guardian, family, consent, referred_by, custom,
                 dead_cards, phone_code, joined_ms, stamps, found_by)",
        Some(0),
    ),
    table(
        "card_state",
        &[Member, Plain, Plain, Plain, Plain],
        "card_state (member, card, state, hlc, stream)",
        Some(0),
    ),
    table("record", &[Plain; 5], "record (kind, id, body, hlc, stream)", None),
    part_of(
        table(
            "pass",
            &[Plain, Member, Plain, Plain, Plain, Plain, Plain, Plain],
            "of_member (id, member, fact, name, first_day, last_day, visits, terms,
                        part, at_ms, account, stream)",
            Some(1),
        ),
        ",1,0,0,0",
    ),
    table("pass_change", &[Plain; 4], "pass_change (pass, fact, what, body)", None),
    part_of(
        table(
            "account",
            &[Plain, Owner, Plain, Holder, Plain, Plain, Plain],
            "of_member (id, member, account, stream, kind, amount, expires_ms, part, at_ms)",
            Some(1),
        ),
        ",0,0",
    ),
    table("debt", &[Member, Plain, Stream, Plain], "debt (member, kind, stream, amount)", Some(0)),
    table("takeover", &[Stream, Stream], "takeover (from_stream, to_stream)", None),
    table("merge", &[Plain; 4], "merge (gone, kept, hlc, stream)", None),
    table("take_back", &[Plain, Plain, Member, Plain], "take_back (lot, by, member, spent)", None),
    table("gave_back", &[Plain, Stream], "gave_back (lot, stream)", None),
    table("frozen", &[Plain; 4], "frozen (lot, frozen, hlc, stream)", None),
    table("earned", &[Plain; 4], "earned (fact, rule, version, points)", None),
    table("pending", &[Plain; 2], "pending (lot, until_ms)", None),
    table("erased", &[Plain; 2], "erased (member, by)", None),
    table("redemption", &[Plain; 3], "redemption (fact, reward, code_step)", None),
];

/// Places of name, phone and cards in a member's row.
pub(super) const NAME: usize = 1;
pub(super) const PHONE: usize = 2;
pub(super) const CARDS: usize = 8;

impl Layout {
    /// The table of a name.
    ///
    /// # Errors
    /// Where this program knows none.
    pub(super) fn of(name: &str) -> Result<&'static Self> {
        TABLES
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| bad(&format!("this program does not know the table {name:?}")))
    }

    pub(super) fn is_of_members(&self) -> bool {
        self.name == "member"
    }

    /// Values in a row as it comes.
    pub(super) fn taken(&self) -> usize {
        self.columns.iter().map(|column| column.taken()).sum()
    }

    /// Columns of a row as it is put. What members are found by is made here.
    pub(super) fn given(&self) -> usize {
        let found_by = usize::from(self.is_of_members());
        self.columns.iter().map(|column| column.given()).sum::<usize>() + found_by
    }
}

//! Staff, roles and what each may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a person at the desk is. Roles only grow: each may all that the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Role {
    /// Checks in, looks members up.
    Receptionist,
    /// Also gives and redeems points and registers members.
    Cashier,
    /// Also overrides, voids what others did and changes what is on offer.
    Manager,
    /// Everything.
    Owner,
}

impl Role {
    /// Every role, least first.
    pub const ALL: [Self; 4] = [Self::Receptionist, Self::Cashier, Self::Manager, Self::Owner];
}

/// Everything that is asked before it is done. Exhaustive: a new one does not compile until
/// [`Permission::least_role`] says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Permission {
    /// Check a member in, and undo one's own last action within its window.
    CheckIn,
    /// Find members and see their file, contact data masked.
    ViewMember,
    /// See phone and e-mail in full.
    ViewContact,
    /// Register a member or change a file.
    EditMember,
    /// Ban a member or lift a ban.
    BanMember,
    /// Give points for an amount spent.
    EarnPoints,
    /// Redeem points.
    RedeemPoints,
    /// Redeem beyond what is spendable here, within the owner's limit.
    RedeemOnTrust,
    /// Give a reward that needs a manager's leave, or one without the member's own code; set their
    /// phone up for codes.
    ApproveReward,
    /// Give or take points for a reason, by no rule.
    AdjustPoints,
    /// Make one member's points another's.
    TransferPoints,
    /// Load money onto a member's account, for a reason.
    TopUp,
    /// Change how many of a reward there are.
    ChangeStock,
    /// Let somebody in against a red verdict.
    LetInOnce,
    /// Give a pass.
    GivePass,
    /// Book a member for a class.
    BookClass,
    /// Void what was done earlier, or by somebody else.
    VoidFact,
    /// Look at the journal of the day.
    ViewJournal,
    /// Import members.
    ImportMembers,
    /// Change rewards and kinds of pass.
    EditCatalogue,
    /// Change staff and their PINs.
    EditStaff,
    /// Change the store's settings.
    EditSettings,
    /// Write a backup.
    Backup,
    /// Say that two files are one person's, or are not.
    MergeMembers,
    /// Erase a person for good.
    EraseMember,
    /// Vouch for a restored store where this is the business's only till.
    VouchForStore,
}

impl Permission {
    /// Every permission, in the order above.
    pub const ALL: [Self; 26] = [
        Self::CheckIn,
        Self::ViewMember,
        Self::ViewContact,
        Self::EditMember,
        Self::BanMember,
        Self::EarnPoints,
        Self::RedeemPoints,
        Self::RedeemOnTrust,
        Self::ApproveReward,
        Self::AdjustPoints,
        Self::TransferPoints,
        Self::TopUp,
        Self::ChangeStock,
        Self::LetInOnce,
        Self::GivePass,
        Self::BookClass,
        Self::VoidFact,
        Self::ViewJournal,
        Self::ImportMembers,
        Self::EditCatalogue,
        Self::EditStaff,
        Self::EditSettings,
        Self::Backup,
        Self::MergeMembers,
        Self::EraseMember,
        Self::VouchForStore,
    ];

    /// The least role that has it.
    pub fn least_role(self) -> Role {
        match self {
            Self::CheckIn | Self::ViewMember => Role::Receptionist,
            Self::EditMember
            | Self::EarnPoints
            | Self::RedeemPoints
            | Self::BookClass
            | Self::ViewJournal => Role::Cashier,
            Self::ViewContact
            | Self::BanMember
            | Self::RedeemOnTrust
            | Self::ApproveReward
            | Self::AdjustPoints
            | Self::TransferPoints
            | Self::TopUp
            | Self::ChangeStock
            | Self::LetInOnce
            | Self::GivePass
            | Self::VoidFact
            | Self::ImportMembers
            | Self::EditCatalogue
            | Self::Backup
            | Self::MergeMembers
            | Self::EraseMember
            | Self::VouchForStore => Role::Manager,
            Self::EditStaff | Self::EditSettings => Role::Owner,
        }
    }
}

impl Role {
    /// Whether this role may.
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }

    /// All it may.
    pub fn permissions(self) -> BTreeSet<Permission> {
        Permission::ALL.into_iter().filter(|permission| self.may(*permission)).collect()
    }
}

/// Wrong PINs in a row before the first pause.
pub const PIN_TRIES: u32 = 5;
const FIRST_PAUSE_MS: i64 = 60_000;
const LONGEST_PAUSE_MS: i64 = 60 * 60 * 1000;

/// How long a PIN is refused after so many wrong ones in a row: nothing for the first four, then
/// one minute, doubling with each further one to an hour. At that pace a million PINs take
/// over a century.
pub fn pin_pause_ms(wrong_in_a_row: u32) -> i64 {
    let Some(extra) = wrong_in_a_row.checked_sub(PIN_TRIES) else { return 0 };
    FIRST_PAUSE_MS.saturating_mul(1i64 << extra.min(10)).min(LONGEST_PAUSE_MS)
}

/// Why a PIN cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeakPin {
    /// Not six digits.
    NotSixDigits,
    /// 000000, 123456, 654321 and their like: tried first by anybody.
    Guessable,
}

/// Six digits, and not one of those that everybody tries first.
///
/// # Errors
/// [`WeakPin`].
pub fn check_pin(pin: &str) -> Result<(), WeakPin> {
    let digits = pin.as_bytes();
    if digits.len() != 6 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(WeakPin::NotSixDigits);
    }
    let steps: BTreeSet<i16> =
        digits.windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    let one_step = steps.len() == 1 && steps.iter().all(|step| (-1..=1).contains(step));
    if one_step { Err(WeakPin::Guessable) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_only_grow() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[0].permissions().is_subset(&pair[1].permissions()));
        }
        assert_eq!(Role::Owner.permissions().len(), Permission::ALL.len());
    }

    #[test]
    fn a_receptionist_gives_no_points_away() {
        for permission in [Permission::EarnPoints, Permission::RedeemPoints, Permission::GivePass] {
            assert!(!Role::Receptionist.may(permission));
        }
    }

    #[test]
    fn pauses_double_to_an_hour() {
        assert_eq!(pin_pause_ms(4), 0);
        assert_eq!(pin_pause_ms(5), 60_000);
        assert_eq!(pin_pause_ms(6), 120_000);
        assert_eq!(pin_pause_ms(u32::MAX), LONGEST_PAUSE_MS);
    }

    #[test]
    fn pins_everybody_tries_are_refused() {
        for pin in ["000000", "123456", "654321", "999999"] {
            assert_eq!(check_pin(pin), Err(WeakPin::Guessable), "{pin}");
        }
        for pin in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(check_pin(pin), Err(WeakPin::NotSixDigits), "{pin}");
        }
        assert_eq!(check_pin("274913"), Ok(()));
    }
}

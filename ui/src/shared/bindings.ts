// Written by `make bindings` from crates/till/src/views and crates/domain. Do not edit.

export type Day = string;

export type Verdict = "admit" | "note" | "refuse";

export type Reason = { "code": "expired", 
/**
 * Its name.
 */
pass: string, 
/**
 * Its last day.
 */
on: Day, } | { "code": "expires_soon", 
/**
 * Its name.
 */
pass: string, 
/**
 * Its last day.
 */
on: Day, 
/**
 * Days after today.
 */
days: number, } | { "code": "no_visits_left", 
/**
 * Its name.
 */
pass: string, } | { "code": "visits_elsewhere", 
/**
 * Its name.
 */
pass: string, 
/**
 * How many are held elsewhere.
 */
visits: number, } | { "code": "few_visits_left", 
/**
 * Its name.
 */
pass: string, 
/**
 * How many are left after this one.
 */
visits: number, } | { "code": "not_started", 
/**
 * Its name.
 */
pass: string, 
/**
 * Its first day.
 */
from: Day, } | { "code": "no_pass" } | { "code": "seen_again", 
/**
 * Whole minutes since.
 */
minutes: number, } | { "code": "banned" } | { "code": "birthday" } | { "code": "staff_note" } | { "code": "unknown_card" } | { "code": "clock_behind" } | { "code": "let_in_once" } | { "code": "grace", 
/**
 * Its name.
 */
pass: string, 
/**
 * The last day on which it does.
 */
on: Day, } | { "code": "frozen", 
/**
 * Its name.
 */
pass: string, 
/**
 * The last day of it.
 */
until: Day, } | { "code": "freeze_ended", 
/**
 * Its name.
 */
pass: string, } | { "code": "cancelled", 
/**
 * Its name.
 */
pass: string, 
/**
 * First day on which it could no longer be used.
 */
on: Day, } | { "code": "wrong_hours", 
/**
 * Its name.
 */
pass: string, } | { "code": "wrong_store", 
/**
 * Its name.
 */
pass: string, } | { "code": "wrong_zone", 
/**
 * Its name.
 */
pass: string, } | { "code": "class_needed", 
/**
 * Its name.
 */
pass: string, } | { "code": "seen_elsewhere", 
/**
 * Whole minutes since.
 */
minutes: number, } | { "code": "card_lost" } | { "code": "card_replaced" } | { "code": "waiver", 
/**
 * It must be signed by who answers for them.
 */
guardian?: boolean, } | { "code": "debt", 
/**
 * How many.
 */
points: number, } | { "code": "missing_photo" } | { "code": "emergency_contact" } | { "code": "no_guardian" } | { "code": "guest", 
/**
 * The pass they come in on.
 */
pass: string, 
/**
 * How many more may be brought this month.
 */
left: number, } | { "code": "free_visit", 
/**
 * How many more times this month.
 */
left: number, };

export type Mend = "give_pass" | "use_visit" | "let_in_once" | "new_member" | "unfreeze" | "sign_waiver" | "add_contact" | "add_photo" | "give_points" | "book_class" | "add_guardian";

export type Because = "only_one" | "nothing_against" | "costs_no_visit" | "has_begun" | "not_frozen" | "ends_last" | "ends_first" | "older";

export type Alert = "expired" | "expires_soon" | "grace" | "not_started" | "frozen" | "cancelled" | "wrong_hours" | "wrong_store" | "wrong_zone" | "no_visits" | "few_visits" | "no_pass" | "seen_again" | "seen_elsewhere" | "banned" | "dead_card" | "waiver" | "class_needed" | "debt" | "missing_photo" | "emergency_contact" | "no_guardian" | "staff_note" | "birthday" | "clock_behind";

export type Level = "none" | "warn" | "deny";

export type Alerts = { 
/**
 * What is not said as it usually is.
 */
levels: Partial<Record<Alert, Level>>, 
/**
 * A debt of more points than this is said.
 */
debt_above: number, 
/**
 * A check-in at another store within so many minutes is said.
 */
elsewhere_minutes: number, 
/**
 * The version of the waiver that must be signed.
 */
waiver_version: number, };

export type CardNumbers = { 
/**
 * What every number begins with: 1 to 6 digits, the first of them no 0.
 */
prefix: string, 
/**
 * Digits of the running part.
 */
digits: number, 
/**
 * So many numbers are allotted to a till at a time.
 */
block: number, };

export type EndedWhy = "cancelled" | "upgraded" | "transferred";

export type Unit = "day" | "week" | "month" | "quarter" | "year";

export type Length = { 
/**
 * The unit.
 */
unit: Unit, 
/**
 * How many of it, more than zero.
 */
count: number, };

export type Start = "sale" | "date" | "first_visit";

export type Hours = { 
/**
 * First minute, from midnight.
 */
from: number, 
/**
 * The minute that is no longer among them; 1440 is midnight.
 */
to: number, };

export type Terms = { 
/**
 * How long it lasts, in units of the calendar; none: as `days` of its kind says.
 */
length: Length | null, 
/**
 * When it begins.
 */
start: Start, 
/**
 * One that begins with the first visit begins by itself after so many days; none: it waits.
 */
begins_within_days: number | null, 
/**
 * Days of the week it can be used on, Monday 1 to Sunday 7, as the store counts days; empty:
 * every day.
 */
weekdays: Array<number>, 
/**
 * Hours it can be used in; empty: all day.
 */
hours: Array<Hours>, 
/**
 * Stores it can be used in; empty: all.
 */
stores: string[], 
/**
 * Parts of a store (pool, studio) whose doors it opens; empty: all.
 */
zones: Array<string>, 
/**
 * Whether it lets in only around a class that its holder is booked for.
 */
class_only: boolean, 
/**
 * Days after the last one on which it still lets in, with a note.
 */
grace_days: number, 
/**
 * Days for which it can be frozen in one calendar year.
 */
freeze_days: number, 
/**
 * Guests who may be brought in one calendar month.
 */
guests: number, 
/**
 * What is collected when it becomes somebody else's, in minor units.
 */
transfer_fee_minor: number, 
/**
 * Points that whoever gives it away pays for that.
 */
transfer_fee_points: number, };

export type AtMost = { 
/**
 * On one day.
 */
day?: number, 
/**
 * From Monday to Sunday.
 */
week?: number, 
/**
 * In a month of the calendar.
 */
month?: number, 
/**
 * In a year of the calendar.
 */
year?: number, 
/**
 * Altogether.
 */
ever?: number, };

export type RewardTerms = { 
/**
 * The first day on which it is given, as the store counts days.
 */
from: Day | null, 
/**
 * The last day on which it is given.
 */
until: Day | null, 
/**
 * Tiers that may have it; empty: everybody.
 */
tiers: string[], 
/**
 * Stores where it is given; empty: all.
 */
stores: string[], 
/**
 * What the cashier collects beside the points, in minor units of money.
 */
money_minor: number, 
/**
 * Somebody with [`Permission::ApproveReward`] must agree.
 */
needs_approval: boolean, 
/**
 * It may be handed over later, for a voucher that can be used for so many days after today;
 * none: only at once.
 */
later_days?: number, 
/**
 * Each store has so many of it, and gives no more than it has.
 */
counts_stock?: boolean, 
/**
 * How often one member may have it.
 */
at_most?: AtMost, };

export type CardState = "lost" | "replaced" | "moved";

export type Contact = { 
/**
 * Name.
 */
name: string, 
/**
 * Phone.
 */
phone: string, };

export type Waiver = { 
/**
 * Which version of it, from 1.
 */
version: number, 
/**
 * When.
 */
on: Day, 
/**
 * The member who answered for them and signed in their place; none: they signed themselves.
 */
by?: string | null, };

export type Channel = "sms" | "email" | "phone" | "wechat" | "post";

export type FieldKind = { "kind": "text" } | { "kind": "number" } | { "kind": "date" } | { "kind": "choice", 
/**
 * The list.
 */
choices: Array<string>, };

export type CustomField = { 
/**
 * What it is kept under: never changes, so that what was written stays what it was.
 */
key: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * No longer asked for. What was written in it stays, and can still be seen.
 */
retired?: boolean, } & ({ "kind": "text" } | { "kind": "number" } | { "kind": "date" } | { "kind": "choice", 
/**
 * The list.
 */
choices: Array<string>, });

export type Role = "receptionist" | "cashier" | "manager" | "owner";

export type Permission = "check_in" | "view_member" | "view_contact" | "edit_member" | "ban_member" | "earn_points" | "redeem_points" | "redeem_on_trust" | "approve_reward" | "adjust_points" | "transfer_points" | "top_up" | "change_stock" | "let_in_once" | "give_pass" | "book_class" | "void_fact" | "view_journal" | "import_members" | "edit_catalogue" | "edit_staff" | "edit_settings" | "backup" | "merge_members" | "erase_member" | "vouch_for_store";

export type AppError = { 
/**
 * What to branch on.
 */
code: string, 
/**
 * An English sentence, for where there is no translation.
 */
message: string, 
/**
 * What a translation fills in.
 */
args: { [key in string]: string }, };

export type MemberBrief = { 
/**
 * Id.
 */
id: string, 
/**
 * Name as it was given.
 */
name: string, 
/**
 * Phone, masked (138****0427) unless whoever asks may see it in full.
 */
phone: string | null, 
/**
 * First card number.
 */
card: string | null, 
/**
 * Name of the tier.
 */
tier: string | null, 
/**
 * Names the photo, for the command `photo`.
 */
photo: string | null, };

export type LotView = { 
/**
 * How many.
 */
points: number, 
/**
 * The last day they can be used; none: they do not expire.
 */
expires: Day | null, };

export type PointsView = { 
/**
 * All accounts but spent and expired.
 */
on_file: number, 
/**
 * What this till may spend now, with no line.
 */
spendable_here: number, 
/**
 * The rest: held by the pool, another desk, or a life of this store that is not vouched for.
 */
elsewhere: number, 
/**
 * How old `on_file` is: the last sync, or now where this is the business's only till.
 */
as_of_ms: number, 
/**
 * Redeemed on trust and not yet repaid.
 */
debt: number, 
/**
 * What expires first of what is spendable here.
 */
expiring: LotView | null, };

export type PassAct = "freeze" | "unfreeze" | "extend" | "upgrade" | "transfer" | "cancel";

export type PassState = "active" | "not_started" | "expired" | "used_up" | "voided" | "waits" | "frozen" | "ended";

export type FreezeView = { 
/**
 * First day.
 */
from: Day, 
/**
 * Last day.
 */
until: Day, };

export type PassView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * First day.
 */
from: Day | null, 
/**
 * Last day; none: no end.
 */
until: Day | null, 
/**
 * Days after today until the last one; negative when over.
 */
days_left: number | null, 
/**
 * Visits left on a pack, here and elsewhere; none: a pass for a term.
 */
visits_left: number | null, 
/**
 * Of those, how many can be used at this desk now.
 */
visits_here: number | null, 
/**
 * How it stands.
 */
state: PassState, 
/**
 * The last day of the freeze that holds today.
 */
frozen_until: Day | null, 
/**
 * The next freeze that has not begun.
 */
freeze_ahead: FreezeView | null, 
/**
 * Days for which it can still be frozen this year.
 */
freeze_days_left: number, 
/**
 * Guests who may still be brought this month.
 */
guests_left: number, 
/**
 * What is collected when it becomes somebody else's, in minor units.
 */
transfer_fee_minor: number, 
/**
 * Points that the member pays for that.
 */
transfer_fee_points: number, 
/**
 * Why it ended before its time.
 */
ended: EndedWhy | null, 
/**
 * What can be done with it today; only on a member's file.
 */
acts: Array<PassAct>, };

export type UpgradeView = { 
/**
 * Id of the kind.
 */
pass_type: string, 
/**
 * Name.
 */
name: string, 
/**
 * What is paid for it: the difference, in minor units.
 */
pays_minor: number, 
/**
 * Its last day; none: no end.
 */
until: Day | null, 
/**
 * Visits that are left on it; none: as often as one likes.
 */
visits: number | null, };

export type PassChangeInput = { "what": "freeze", 
/**
 * First day; none: today.
 */
from: string | null, 
/**
 * Last day; none: as long as the year's limit lets.
 */
until: string | null, } | { "what": "unfreeze" } | { "what": "extend", 
/**
 * So many days.
 */
days: number, 
/**
 * Why.
 */
because: string, } | { "what": "upgrade", 
/**
 * Id of the kind.
 */
to: string, } | { "what": "transfer", 
/**
 * Id of the member.
 */
to: string, 
/**
 * What is paid for that; empty: nothing.
 */
fee: string, } | { "what": "cancel", 
/**
 * What is given back; empty: nothing.
 */
refund: string, 
/**
 * Why.
 */
because: string, };

export type CheckInView = { 
/**
 * Id of the fact: what `undo` takes.
 */
fact: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * In, in with a note, or stop.
 */
verdict: Verdict, 
/**
 * Why, most important first.
 */
reasons: Array<Reason>, 
/**
 * Why this pass, where another would have let them in too.
 */
because: Because | null, 
/**
 * What mends it, the best first.
 */
mends: Array<Mend>, 
/**
 * Who; none where the card is nobody's.
 */
member: MemberBrief | null, 
/**
 * What was scanned, where it is nobody's card.
 */
unknown_card: string | null, 
/**
 * The pass that let them in, or the newest one.
 */
pass: PassView | null, 
/**
 * The note on the member's file.
 */
staff_note: string | null, 
/**
 * Why they are banned, in the words of whoever did it.
 */
banned_reason: string | null, 
/**
 * Check-ins this calendar month, this one among them.
 */
visits_this_month: number, 
/**
 * The visit before this one.
 */
last_visit_ms: number | null, 
/**
 * Points after this visit.
 */
points: PointsView | null, 
/**
 * Stored value on file, in minor units.
 */
stored_minor: number, 
/**
 * Points given for this visit.
 */
points_earned: number, 
/**
 * Until when `undo` takes it back without a manager.
 */
undo_until_ms: number, 
/**
 * Everybody else of their family: they can come in together.
 */
family: Array<RelativeView>, 
/**
 * A guest may come in on a pass of theirs.
 */
brings_guest: boolean, };

export type DayRow = { 
/**
 * Id of the fact: what `void_fact` takes.
 */
fact: string, 
/**
 * Place in its journal.
 */
seq: number, 
/**
 * When.
 */
at_ms: number, 
/**
 * Kind: `visit_recorded`, `points_earned`, `points_redeemed`, `fact_voided`,
 * `member_registered`, `member_changed`, `pass_given`, `value_expired`, `value_forfeited` (the
 * same fact, of somebody who was erased), `stream_opened`,
 * `stream_vouched`, `reward_set`, `pass_type_set`, `tier_set`, `staff_set`, `rules_set`, …
 */
kind: string, 
/**
 * Who was signed in.
 */
staff: string | null, 
/**
 * Member's id.
 */
member: string | null, 
/**
 * Member's name.
 */
member_name: string | null, 
/**
 * Points given (positive) or used (negative).
 */
points: number, 
/**
 * What was paid, in minor units.
 */
amount_minor: number, 
/**
 * Verdict of a visit.
 */
verdict: Verdict | null, 
/**
 * Reasons of a visit.
 */
reasons: Array<Reason>, 
/**
 * What it was about: a reward, a pass.
 */
label: string | null, 
/**
 * It was voided.
 */
voided: boolean, 
/**
 * It can be voided.
 */
voidable: boolean, };

export type MemberView = { 
/**
 * E-mail, masked like the phone.
 */
email: string | null, 
/**
 * Birthday.
 */
birthday: Day | null, 
/**
 * As given: `female`, `male`, `other`, or nothing.
 */
gender: string | null, 
/**
 * The staff's note.
 */
note: string | null, 
/**
 * Tags.
 */
tags: Array<string>, 
/**
 * All card numbers.
 */
cards: Array<string>, 
/**
 * Id of the tier that a person set; the one they have may be a better one that they reached.
 */
set_tier: string | null, 
/**
 * Points are multiplied by this, in percent.
 */
multiplier_percent: number, 
/**
 * Whether they are banned.
 */
banned: boolean, 
/**
 * Why.
 */
banned_reason: string | null, 
/**
 * A phone of theirs was set up for codes.
 */
has_phone_code: boolean, 
/**
 * When the file was opened.
 */
joined_ms: number, 
/**
 * Passes, those that let in first.
 */
passes: Array<PassView>, 
/**
 * Points.
 */
points: PointsView, 
/**
 * Points spendable here, by expiry, first to expire first.
 */
lots: Array<LotView>, 
/**
 * Rewards that wait to be handed over.
 */
vouchers: Array<VoucherView>, 
/**
 * Stored value on file, in minor units.
 */
stored_minor: number, 
/**
 * All visits.
 */
visits_total: number, 
/**
 * Visits this calendar month.
 */
visits_this_month: number, 
/**
 * The last one.
 */
last_visit_ms: number | null, 
/**
 * What happened, newest first, at most 50.
 */
history: Array<DayRow>, 
/**
 * What else is on their file.
 */
details: DetailsView, 
/**
 * Id.
 */
id: string, 
/**
 * Name as it was given.
 */
name: string, 
/**
 * Phone, masked (138****0427) unless whoever asks may see it in full.
 */
phone: string | null, 
/**
 * First card number.
 */
card: string | null, 
/**
 * Name of the tier.
 */
tier: string | null, 
/**
 * Names the photo, for the command `photo`.
 */
photo: string | null, };

export type MemberInput = { 
/**
 * Name: the only one that must be there.
 */
name: string, 
/**
 * Phone, in any spelling.
 */
phone: string, 
/**
 * E-mail.
 */
email: string, 
/**
 * `YYYY-MM-DD` and the spellings that an import reads.
 */
birthday: string, 
/**
 * `female`, `male`, `other` or nothing.
 */
gender: string, 
/**
 * A note for the desk.
 */
note: string, 
/**
 * Tags.
 */
tags: Array<string>, 
/**
 * Card numbers.
 */
cards: Array<string>, 
/**
 * Id of the tier.
 */
tier: string | null, 
/**
 * The rest of the file, written down in the same go; none: as it was.
 */
details: DetailsInput | null, };

export type RelativeView = { 
/**
 * Member's id.
 */
id: string, 
/**
 * Name.
 */
name: string, };

export type OwnFieldView = { 
/**
 * What the field is called.
 */
name: string, 
/**
 * What stands in it.
 */
value: string, };

export type DetailsView = { 
/**
 * Whom to call in an emergency: in full, whoever looks, because that is what it is for.
 */
contact: Contact | null, 
/**
 * The waiver they signed.
 */
waiver: Waiver | null, 
/**
 * Who signed it in their place, where they did not sign themselves.
 */
waiver_by: RelativeView | null, 
/**
 * Who answers for them.
 */
guardian: RelativeView | null, 
/**
 * Everybody else of their family.
 */
family: Array<RelativeView>, 
/**
 * By which channels they may be written to.
 */
consent: Array<Channel>, 
/**
 * Who brought them.
 */
referred_by: RelativeView | null, 
/**
 * The owner's own fields, by key.
 */
custom: { [key in string]: string }, 
/**
 * The same by their names, in the owner's order; those that are no longer asked for too.
 */
own: Array<OwnFieldView>, 
/**
 * Cards that are no longer in use.
 */
dead_cards: { [key in string]: CardState }, };

export type DetailsInput = { 
/**
 * Whom to call in an emergency; without name and phone: taken out.
 */
contact: Contact | null, 
/**
 * This version of the waiver was signed today; 0: taken out.
 */
waiver: number | null, 
/**
 * Id of who answers for them, where that was who signed it; empty: they signed themselves.
 */
waiver_by: string | null, 
/**
 * Id of the member who answers for them; empty: nobody.
 */
guardian: string | null, 
/**
 * Id of a member whose family they belong to from now on; empty: they leave theirs.
 */
family_of: string | null, 
/**
 * By which channels they may be written to.
 */
consent: Array<Channel> | null, 
/**
 * Id of the member who brought them; empty: nobody.
 */
referred_by: string | null, 
/**
 * The owner's own fields, by key; an empty one is taken out.
 */
custom: { [key in string]: string } | null, };

export type MemberFormView = { 
/**
 * The owner's own fields that are asked for.
 */
custom: Array<CustomField>, 
/**
 * The desk can give a new card its number.
 */
numbered: boolean, };

export type DayView = { 
/**
 * The day.
 */
day: Day, 
/**
 * People let in.
 */
visits: number, 
/**
 * Refused.
 */
refused: number, 
/**
 * Points given.
 */
points_given: number, 
/**
 * Redemptions.
 */
redemptions: number, 
/**
 * Points used.
 */
points_used: number, 
/**
 * New members.
 */
new_members: number, 
/**
 * Visits in each hour since the day began, 24 of them.
 */
hourly: Array<number>, 
/**
 * Its entries, newest first (empty where only the figures were asked for).
 */
rows: Array<DayRow>, };

export type RecentVisit = { 
/**
 * Id of the fact.
 */
fact: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * Member's id; none where the card was nobody's.
 */
member: string | null, 
/**
 * Member's name.
 */
name: string | null, 
/**
 * Verdict.
 */
verdict: Verdict, 
/**
 * The first reason, where there is one.
 */
reason: Reason | null, 
/**
 * Name of the pass.
 */
pass: string | null, 
/**
 * Let in against a red verdict, for a reason: shown red.
 */
overridden: boolean, 
/**
 * It was taken back.
 */
voided: boolean, };

export type EarnPreview = { 
/**
 * The amount, in minor units.
 */
amount_minor: number, 
/**
 * Points that will be given.
 */
points: number, 
/**
 * Before the tier's multiplier.
 */
base: number, 
/**
 * The tier's multiplier in percent.
 */
multiplier_percent: number, 
/**
 * Last day they can be used.
 */
expires: Day | null, 
/**
 * Of those, how many repay a debt.
 */
repays_debt: number, };

export type Affordable = "here" | "needs_line" | "no";

export type StockView = { 
/**
 * With this till, which may give them out.
 */
here: number, 
/**
 * With other tills of the store, or on their way.
 */
elsewhere: number, };

export type VoucherView = { 
/**
 * The fact that gave it: its number.
 */
given: string, 
/**
 * Which reward.
 */
reward: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * The last day on which it can be used.
 */
expires: Day | null, 
/**
 * It can be used here now, without a line.
 */
here: boolean, };

export type StockWay = "put" | "take" | "count";

export type StockChangeInput = { 
/**
 * Which.
 */
what: StockWay, 
/**
 * How many.
 */
amount: number, };

export type RewardView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * What it costs in points; 0: the cashier chooses how many.
 */
cost: number, 
/**
 * Where the cashier chooses: what one point takes off, in minor units of money.
 */
minor_per_point: number, 
/**
 * What is collected beside the points, in minor units of money.
 */
money_minor: number, 
/**
 * Whether this member can have it.
 */
affordable: Affordable, 
/**
 * Points missing: here or on file, as `affordable` says.
 */
short_by: number, 
/**
 * How many there are, where stock is kept.
 */
stock: StockView | null, 
/**
 * It may be handed over later, for a voucher that can be used for so many days after today.
 */
later_days: number | null, };

export type RedeemPreview = { 
/**
 * Points it takes.
 */
points: number, 
/**
 * Which lots, first to expire first.
 */
lots: Array<LotView>, 
/**
 * Spendable here afterwards.
 */
left_here: number, 
/**
 * On file afterwards.
 */
left_on_file: number, 
/**
 * How many would go on trust.
 */
on_trust: number, 
/**
 * Money off, in minor units, where the cashier chose the points.
 */
money_off_minor: number, 
/**
 * What is collected beside the points, in minor units of money.
 */
money_minor: number, 
/**
 * It asks for the code on the member's phone.
 */
needs_code: boolean, 
/**
 * Whoever asks cannot give it without a manager's leave, even where nothing goes on trust.
 */
needs_leave: boolean, };

export type PhoneCodeView = { 
/**
 * What is typed into an authenticator where nothing can be scanned.
 */
secret: string, 
/**
 * What the picture holds.
 */
uri: string, 
/**
 * The picture: a QR code, as SVG.
 */
svg: string, };

export type DoneView = { 
/**
 * Id of the fact: what `undo` takes.
 */
fact: string, 
/**
 * When.
 */
at_ms: number, 
/**
 * Points given (positive) or used (negative).
 */
points: number, 
/**
 * The member's points afterwards.
 */
balance: PointsView | null, 
/**
 * Until when `undo` takes it back as one's own last action.
 */
undo_until_ms: number, 
/**
 * Even then it needs leave: who did it had leave to, and may not by themselves.
 */
undo_asks: boolean, };

export type TermsView = { 
/**
 * How long it lasts, in units of the calendar; none: as `days` of its kind says.
 */
length: Length | null, 
/**
 * When it begins.
 */
start: Start, 
/**
 * One that begins with the first visit begins by itself after so many days; none: it waits.
 */
begins_within_days: number | null, 
/**
 * Days of the week, Monday 1 to Sunday 7; empty: every day.
 */
weekdays: Array<number>, 
/**
 * Hours it can be used in; empty: all day.
 */
hours: Array<Hours>, 
/**
 * Ids of the stores it can be used in; empty: all.
 */
stores: Array<string>, 
/**
 * Parts of a store whose doors it opens; empty: all.
 */
zones: Array<string>, 
/**
 * Whether it lets in only around a class that its holder is booked for.
 */
class_only: boolean, 
/**
 * Days after the last one on which it still lets in.
 */
grace_days: number, 
/**
 * Days for which it can be frozen in one calendar year.
 */
freeze_days: number, 
/**
 * Guests who may be brought in one calendar month.
 */
guests: number, 
/**
 * What is collected when it becomes somebody else's, in minor units.
 */
transfer_fee_minor: number, 
/**
 * Points that whoever gives it away pays for that.
 */
transfer_fee_points: number, };

export type StoreChoice = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, };

export type PassFormView = { 
/**
 * The terms of a new kind: none.
 */
plain: TermsView, 
/**
 * The stores of the business, by name.
 */
stores: Array<StoreChoice>, };

export type PassTypeView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Days it lasts; none: no end.
 */
days: number | null, 
/**
 * Visits in the pack; none: as often as one likes.
 */
visits: number | null, 
/**
 * What it costs whoever it is shown for, in minor units.
 */
price_minor: number, 
/**
 * Its price, in minor units, where they pay less.
 */
full_price_minor?: number, 
/**
 * On offer.
 */
active: boolean, 
/**
 * What it allows besides.
 */
terms: TermsView, };

export type TierView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Points are multiplied by this, in percent.
 */
multiplier_percent: number, };

export type StaffView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * May sign in.
 */
active: boolean, 
/**
 * Until when their PIN is refused, after too many wrong ones.
 */
locked_until_ms: number | null, };

export type SessionView = { 
/**
 * Id.
 */
staff: string, 
/**
 * Name.
 */
name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * What they may.
 */
permissions: Array<Permission>, };

export type Approval = { 
/**
 * Whose PIN.
 */
staff: string, 
/**
 * The PIN.
 */
pin: string, };

export type Distrust = "behind_anchor" | "other_history" | "no_anchor" | "copied" | "restored" | "forked" | "chain_broken" | "revoked";

export type Theme = "system" | "light" | "dark";

export type Prefs = { 
/**
 * `zh-CN` or `en`.
 */
language: string, 
/**
 * Light or dark.
 */
theme: Theme, 
/**
 * Beep at a verdict.
 */
sounds: boolean, 
/**
 * The desk locks itself after so many seconds without a key, a touch or a scan.
 */
idle_lock_secs: number, 
/**
 * What the scanner sends before a code.
 */
scanner_prefix: string, 
/**
 * What it sends behind it, before Enter.
 */
scanner_suffix: string, 
/**
 * The longest time between two of a scanner's keys, in milliseconds.
 */
scanner_gap_ms: number, };

export type LineState = "alone" | "online" | "offline" | "refused";

export type LineView = { 
/**
 * How it is.
 */
state: LineState, 
/**
 * Address of the hub; none: this desk is connected to no hub.
 */
hub: string | null, 
/**
 * Entries that the hub has not got yet.
 */
unsynced: number, 
/**
 * The last sync; none: never.
 */
last_sync_ms: number | null, 
/**
 * What somebody has to look at: notices that are not settled, and members who may be one.
 */
attention: number, 
/**
 * Code of the refusal, as `device_revoked`; only where the hub refuses.
 */
refusal: string | null, };

export type StatusView = { 
/**
 * False: there is no store yet; show the first-run page.
 */
set_up: boolean, 
/**
 * Name of the business.
 */
business: string, 
/**
 * Name of the store.
 */
store: string, 
/**
 * ISO 4217.
 */
currency: string, 
/**
 * How many digits of the minor unit: 2 for CNY and USD.
 */
currency_digits: number, 
/**
 * IANA name.
 */
time_zone: string, 
/**
 * Today, as this store counts days.
 */
day: Day | null, 
/**
 * The machine's clock.
 */
now_ms: number, 
/**
 * Who is signed in.
 */
session: SessionView | null, 
/**
 * There is a member; none: a new shop.
 */
has_members: boolean, 
/**
 * Entries that no hub has yet.
 */
unsynced: number, 
/**
 * The last sync; none: never.
 */
last_sync_ms: number | null, 
/**
 * The line to the hub.
 */
line: LineView, 
/**
 * This is the business's only till.
 */
only_till: boolean, 
/**
 * This store is not trusted to be the newest: nothing is spendable until a hub has been
 * reached or, where this is the only till, a manager vouches for it.
 */
distrust: Distrust | null, 
/**
 * Keys are in a file, not in the system's keyring: said in the settings.
 */
keys_in_file: boolean, 
/**
 * The clock stands before the last entry.
 */
clock_behind: boolean, 
/**
 * Version of this program.
 */
version: string, 
/**
 * The part of the store whose door this desk opens; none: all of it.
 */
door: string | null, 
/**
 * Preferences of this desk.
 */
prefs: Prefs, };

export type Rounding = "down" | "half_up" | "up";

export type RulesInput = { 
/**
 * Points for each whole unit of currency.
 */
points_per_unit: number, 
/**
 * Points for a visit.
 */
points_per_visit: number, 
/**
 * What becomes of a fraction of a point.
 */
rounding: Rounding, 
/**
 * Points can be used for so many months; none: for ever.
 */
points_expire_months: number | null, 
/**
 * A second check-in within so many hours is not counted.
 */
seen_again_hours: number, 
/**
 * Warn so many days before a pass ends.
 */
expires_soon_days: number, 
/**
 * Warn when so few visits are left on a pack.
 */
few_visits: number, 
/**
 * Nobody is let in without a pass.
 */
pass_required: boolean, 
/**
 * Points that may be redeemed on trust, at most, for one member; 0: never.
 */
trust_limit: number, 
/**
 * A redemption of more points than this asks for the code on the member's own phone; none: none
 * does.
 */
code_above: number | null, 
/**
 * Whoever is younger than so many years is a minor; 0: nobody is.
 */
age_of_majority: number, 
/**
 * A minor's waiver is signed by who answers for them.
 */
guardian_signs: boolean, 
/**
 * A redemption of more points than this needs a manager's leave; none: only that of a reward
 * which says so.
 */
approval_above: number | null, 
/**
 * So many percent of what nobody has touched for a day rest with the member's home desk; the
 * remainder can be fetched from anywhere.
 */
rest_percent: number, 
/**
 * Seconds in which one may take back one's own last action without a manager.
 */
undo_secs: number, 
/**
 * The business day begins at this hour, 0 to 12.
 */
day_start_hour: number, 
/**
 * How new cards are numbered; none: they are printed elsewhere.
 */
card_numbers: CardNumbers | null, };

export type AlertsView = { 
/**
 * What the owner chose.
 */
alerts: Alerts, 
/**
 * Every alert, in the order in which they are told.
 */
rows: Array<AlertRow>, };

export type AlertRow = { 
/**
 * Its name.
 */
alert: Alert, 
/**
 * How loudly it is said.
 */
level: Level, 
/**
 * It cannot be switched off.
 */
always: boolean, };

export type SetUpInput = { 
/**
 * Name of the business.
 */
business: string, 
/**
 * Name of the store.
 */
store: string, 
/**
 * The owner's name.
 */
owner: string, 
/**
 * The owner's PIN: six digits.
 */
pin: string, 
/**
 * Fill it with a demo shop.
 */
demo: boolean, };

export type Rejected = { 
/**
 * The phone cannot be one.
 */
bad_phone: number, 
/**
 * There is no name.
 */
no_name: number, 
/**
 * The phone is another member's.
 */
duplicate_phone: number, 
/**
 * Points, stored value or visits are not an amount.
 */
bad_points: number, 
/**
 * The row has not as many cells as the heading, or cannot be read at all.
 */
bad_row: number, };

export type Warnings = { 
/**
 * The birthday is not a day. Counted over all rows, rejected ones too.
 */
bad_birthday: number, 
/**
 * A date of a pass cannot be read; the member came in without that pass.
 */
bad_pass: number, };

export type ImportReport = { 
/**
 * Rows in the file, the heading not counted.
 */
rows: number, 
/**
 * Members that came in.
 */
imported: number, 
/**
 * Rows whose member is already here, from this file or an earlier one.
 */
already_here: number, 
/**
 * Rows that did not come in, by reason.
 */
rejected: Rejected, 
/**
 * Rows that came in with something left out.
 */
warnings: Warnings, 
/**
 * Points that came in.
 */
points_total: number, 
/**
 * Stored value that came in, in minor units.
 */
stored_minor_total: number, };

export type ImportView = { 
/**
 * What came in, or would.
 */
report: ImportReport, 
/**
 * What did not, with the reason, as CSV to be mended.
 */
rejects_csv: string, };

export type BackupView = { 
/**
 * The file.
 */
path: string, };

export type BackupPlanView = { 
/**
 * The folder they go to; none: there are none.
 */
folder: string | null, 
/**
 * So many are kept there.
 */
keep: number, 
/**
 * The day of the newest; none: never.
 */
last: Day | null, 
/**
 * A recovery passphrase is set: they can be restored on any computer.
 */
recovery: boolean, 
/**
 * A recovery passphrase has at least so many characters.
 */
passphrase_least: number, };

export type VerifyView = { 
/**
 * Everything holds.
 */
ok: boolean, 
/**
 * Entries checked.
 */
entries: number, 
/**
 * What does not hold, in sentences.
 */
problems: Array<string>, 
/**
 * Set while the store is not trusted to be the newest.
 */
distrust: Distrust | null, 
/**
 * Hash over all folded tables.
 */
digest: string, };

export type NoticeView = { 
/**
 * Number: what `settle_notice` takes.
 */
n: number, 
/**
 * When.
 */
at_ms: number, 
/**
 * What: `value_given_back`, `hub_restored`, … The window has the sentence.
 */
code: string, 
/**
 * What the sentence names.
 */
args: { [key in string]: string }, 
/**
 * Somebody read it and put it away.
 */
settled: boolean, };

export type DuplicateView = { 
/**
 * The older file.
 */
first: MemberBrief, 
/**
 * The other.
 */
second: MemberBrief, 
/**
 * When it was seen.
 */
at_ms: number, };

export type SyncView = { 
/**
 * The line.
 */
line: LineView, 
/**
 * Name of this desk.
 */
till: string, 
/**
 * Name of the store.
 */
store: string, 
/**
 * The hub froze what this desk holds: nothing of it can be spent until somebody ruled.
 */
frozen: boolean, 
/**
 * What was adjusted, newest first, the settled ones last.
 */
notices: Array<NoticeView>, 
/**
 * Members who may be one.
 */
duplicates: Array<DuplicateView>, };

export type HolderView = { 
/**
 * Name of the desk.
 */
name: string, 
/**
 * How many points.
 */
points: number, 
/**
 * It does not answer.
 */
silent: boolean, };

export type DrawView = { 
/**
 * How many came.
 */
drawn: number, 
/**
 * The member's points afterwards.
 */
points: PointsView, 
/**
 * How many of those asked for did not come.
 */
missing: number, 
/**
 * Who holds them.
 */
holders: Array<HolderView>, };

export type PairInput = { 
/**
 * Address of the hub.
 */
hub: string, 
/**
 * The pairing code, in any spelling.
 */
code: string, 
/**
 * Name of this desk.
 */
till: string, };

export type Per = "amount" | "sale" | "item" | "visit" | "first_visit" | "streak_days" | "streak_weeks" | "multiply" | "top_up" | "referred" | "refers" | "limit" | "unknown";

export type Birthday = "day" | "week" | "month";

export type Caps = { 
/**
 * For one thing that happens.
 */
once?: number, 
/**
 * In one business day.
 */
day?: number, 
/**
 * In one calendar month.
 */
month?: number, 
/**
 * In one calendar year.
 */
year?: number, 
/**
 * Ever.
 */
ever?: number, 
/**
 * So often in one business day.
 */
times_day?: number, 
/**
 * So often in one calendar month.
 */
times_month?: number, 
/**
 * So often in one calendar year.
 */
times_year?: number, 
/**
 * So often, ever.
 */
times_ever?: number, };

export type Expires = "never" | { "days": number } | { "months": number } | { "month_end": number } | { "year_end": number };

export type RuleToldView = { 
/**
 * Id.
 */
rule: string, 
/**
 * Version.
 */
version: number, 
/**
 * Name.
 */
name: string, 
/**
 * What it is worth before any cap.
 */
worth: number, 
/**
 * What it gives.
 */
points: number, 
/**
 * Why: a name from docs/rules/README.md.
 */
why: string, 
/**
 * What was wrong with its condition, in words.
 */
detail: string | null, 
/**
 * Last day its points can be used; none: for ever.
 */
expires: Day | null, 
/**
 * First day its points can be used, where that is not today.
 */
usable: Day | null, };

export type DryRunView = { 
/**
 * All points.
 */
points: number, 
/**
 * Each rule, in the order in which they are asked.
 */
rules: Array<RuleToldView>, };

export type EarnRuleInput = { 
/**
 * Id; none: a new one.
 */
id: string | null, 
/**
 * The version that was looked at; 0: a new rule.
 */
version: number, 
/**
 * Name.
 */
name: string, 
/**
 * In use.
 */
active: boolean, 
/**
 * What points are given for.
 */
per: Per, 
/**
 * How many.
 */
points: number, 
/**
 * For each so many minor units of money.
 */
each_minor: number, 
/**
 * Only whole steps of that count.
 */
whole_steps: boolean, 
/**
 * Multiplied by so many percent.
 */
percent: number, 
/**
 * What earlier multipliers gave is multiplied as well.
 */
compounds: boolean, 
/**
 * So many days or weeks in a row.
 */
count: number, 
/**
 * Again each time that the row has grown by as many.
 */
repeats: boolean, 
/**
 * The multiplier of the member's tier applies.
 */
tier_times: boolean, 
/**
 * What becomes of a fraction of a point; none: as the house rules say.
 */
rounding: Rounding | null, 
/**
 * First business day.
 */
from: Day | null, 
/**
 * Last business day.
 */
until: Day | null, 
/**
 * On these weekdays, 1 is Monday; none: on all.
 */
weekdays: Array<number>, 
/**
 * From this time of day, `HH:MM`; empty, and so is the other: at all hours.
 */
hours_from: string, 
/**
 * To this one.
 */
hours_to: string, 
/**
 * Around the birthday.
 */
birthday: Birthday | null, 
/**
 * Ids of stores; none: in all.
 */
stores: Array<string>, 
/**
 * Ids of tiers; none: for all.
 */
tiers: Array<string>, 
/**
 * Only lines of these categories.
 */
categories: Array<string>, 
/**
 * Only lines of these items.
 */
items: Array<string>, 
/**
 * No line of these categories.
 */
not_categories: Array<string>, 
/**
 * Only where the money that counts is at least so much, in minor units.
 */
min_amount_minor: number, 
/**
 * Of the money that counts, at most so much, in minor units; 0: all.
 */
max_amount_minor: number, 
/**
 * The most for one member.
 */
caps: Caps, 
/**
 * Higher ones go first.
 */
priority: number, 
/**
 * Where it gives something, no rule after it does.
 */
stops: boolean, 
/**
 * Of the rules with the same word here only the one that gives most counts; empty: none.
 */
best_of: string, 
/**
 * Its points can be used after so many days.
 */
pending_days: number, 
/**
 * When its points run out; none: as the house rules say.
 */
expires: Expires | null, 
/**
 * A condition in CEL; empty: none.
 */
condition: string, 
/**
 * What a newer program wrote, by its names: nothing here changes such a rule. Told by the till;
 * what is sent here is not looked at.
 */
kept: Array<string>, };

export type By = "points" | "spend" | "visits";

export type Period = "rolling_days" | "rolling_months" | "month" | "quarter" | "year";

export type LadderInput = { 
/**
 * What is counted.
 */
by: By, 
/**
 * Over which time.
 */
over: Period, 
/**
 * So many days or months, where it is rolling.
 */
count: number, 
/**
 * So much reaches it: points, minor units of money, or visits.
 */
entry: number, 
/**
 * So much keeps it; none: as much as reaches it.
 */
keep: number | null, 
/**
 * It is kept for so many days more.
 */
grace_days: number, 
/**
 * It is lost one tier at a time.
 */
one_at_a_time: boolean, };

export type TierInput = { 
/**
 * Id; none: a new one.
 */
id: string | null, 
/**
 * Name.
 */
name: string, 
/**
 * Points are multiplied by this, in percent.
 */
multiplier_percent: number, 
/**
 * How it is reached and kept; none: only a person gives it.
 */
ladder: LadderInput | null, 
/**
 * They pay so many percent of the price; none: the price.
 */
price_percent: number | null, 
/**
 * From this time of day, `HH:MM`, they may come in on any day, whatever their pass says; empty,
 * and so is the other: as their pass says.
 */
hours_from: string, 
/**
 * To this one.
 */
hours_to: string, 
/**
 * Guests in a calendar month, beside those of their pass.
 */
guests: number | null, 
/**
 * Visits in a calendar month where no pass lets them in.
 */
free_visits_month: number | null, };

export type Holds = "text" | "number" | "date" | "choice";

export type FieldInput = { 
/**
 * What it is kept under; none: a new one.
 */
id: string | null, 
/**
 * What it is called.
 */
name: string, 
/**
 * What may stand in it: the same for as long as it lives.
 */
holds: Holds, 
/**
 * The list to choose from, where it holds a choice.
 */
choices: Array<string>, 
/**
 * Asked for; else what was written in it is only shown.
 */
active: boolean, };

export type RewardInput = { 
/**
 * Id; none: a new one.
 */
id: string | null, 
/**
 * Name.
 */
name: string, 
/**
 * Points; 0: the cashier chooses how many.
 */
cost: number, 
/**
 * Money off for one point, in minor units, where the cashier chooses.
 */
minor_per_point: number, 
/**
 * On offer.
 */
active: boolean, 
/**
 * What it asks for besides; none: as before.
 */
terms: RewardTerms | null, };

export type PassTypeInput = { 
/**
 * Id; none: a new one.
 */
id: string | null, 
/**
 * Name.
 */
name: string, 
/**
 * Days it lasts; none: no end.
 */
days: number | null, 
/**
 * Visits in the pack; none: as often as one likes.
 */
visits: number | null, 
/**
 * Price, in minor units.
 */
price_minor: number, 
/**
 * On offer.
 */
active: boolean, 
/**
 * What it allows besides; none: as it was.
 */
terms?: Terms, };

export type StaffInput = { 
/**
 * Id; none: somebody new.
 */
id: string | null, 
/**
 * Name.
 */
name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * A new PIN; none: as it was.
 */
pin: string | null, 
/**
 * May sign in.
 */
active: boolean, };

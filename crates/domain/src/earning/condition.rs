//! The optional condition of a rule, in CEL (the Common Expression Language), over the names of
//! docs/rules/README.md.
//!
//! What is saved has been looked through first: every name exists, both sides of a comparison are
//! of one kind, no sum can leave the range of whole numbers, nothing is divided by what might be
//! zero, and the only loops are over the lines of a sale or the tags of a member, none inside
//! another. So a condition that was saved always ends, soon, with yes or no.

use cel::{
    IdedExpr, Program, Value,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators as op},
    parser::Parser,
};

use super::names::{MAX_COUNT, Names};
use crate::money::MAX_AMOUNT;

/// The longest condition, in bytes.
pub const MAX_CONDITION_BYTES: usize = 1_000;
/// Brackets within brackets, at most.
const MAX_DEPTH: usize = 12;
/// Parts of a condition, at most, after its loops were written out.
const MAX_PARTS: usize = 250;
/// Loops in one condition, at most.
const MAX_LOOPS: usize = 3;

/// Why a condition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Longer than [`MAX_CONDITION_BYTES`].
    #[error("it is longer than {MAX_CONDITION_BYTES} bytes")]
    TooLong,
    /// More parts, or deeper, than it may have.
    #[error("it has too many parts, or too many brackets within brackets")]
    TooDeep,
    /// Not an expression.
    #[error("it cannot be read as an expression")]
    NotReadable,
    /// A name that does not exist.
    #[error("nothing is called “{0}” here")]
    UnknownName(String),
    /// A function or a kind of expression that conditions do not have.
    #[error("“{0}” cannot be used in a condition")]
    NotAllowed(String),
    /// Two things of different kinds are compared or added.
    #[error("“{0}” does not fit what it is used with")]
    WrongKind(String),
    /// A number with a fraction.
    #[error("numbers are whole here: money is in its smallest unit")]
    Fraction,
    /// A sum that could leave the range of whole numbers.
    #[error("“{0}” could become too large")]
    Overflow(String),
    /// Divided by something that is not a plain number other than zero.
    #[error("one can only divide by a plain number other than zero")]
    Division,
    /// More than [`MAX_LOOPS`] loops, or one inside another.
    #[error("at most {MAX_LOOPS} loops, none inside another")]
    Loops,
    /// Its answer is not yes or no.
    #[error("its answer is not yes or no")]
    NotYesOrNo,
}

impl Trouble {
    /// A name that scripts go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::TooDeep => "too_deep",
            Self::NotReadable => "not_readable",
            Self::UnknownName(_) => "unknown_name",
            Self::NotAllowed(_) => "not_allowed",
            Self::WrongKind(_) => "wrong_kind",
            Self::Fraction => "fraction",
            Self::Overflow(_) => "overflow",
            Self::Division => "division",
            Self::Loops => "loops",
            Self::NotYesOrNo => "not_yes_or_no",
        }
    }

    /// The part of the condition that it is about, where it is about one.
    pub fn what(&self) -> Option<&str> {
        match self {
            Self::UnknownName(what)
            | Self::NotAllowed(what)
            | Self::WrongKind(what)
            | Self::Overflow(what) => Some(what),
            _ => None,
        }
    }
}

/// A condition that was looked through and can be asked.
#[derive(Debug)]
pub struct Condition {
    program: Program,
}

impl Condition {
    /// Reads a condition and looks it through.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn read(text: &str) -> Result<Self, Trouble> {
        if text.len() > MAX_CONDITION_BYTES {
            return Err(Trouble::TooLong);
        }
        // Before the parser sees it: what is nested without end is not even parsed.
        if nesting(text) > MAX_DEPTH {
            return Err(Trouble::TooDeep);
        }
        // The same expression twice: once to look through, once inside the program.
        let parser = || Parser::new().max_recursion_depth(64).error_recovery_limit(1);
        let tree = parser().parse(text).map_err(|_| Trouble::NotReadable)?;
        let mut looking = Looking { parts: 0, loops: 0, scope: Vec::new() };
        match looking.kind(&tree, 0)? {
            Kind::Truth => {}
            _ => return Err(Trouble::NotYesOrNo),
        }
        let program = Program::compile(text).map_err(|_| Trouble::NotReadable)?;
        Ok(Self { program })
    }

    /// Yes, no, or why neither: whatever goes wrong, the rule does not apply.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub fn holds(&self, names: &Names<'_>) -> Result<bool, String> {
        match self.program.execute(names.context()) {
            Ok(Value::Bool(yes)) => Ok(yes),
            Ok(_) => Err(Trouble::NotYesOrNo.to_string()),
            Err(error) => Err(error.to_string().chars().take(200).collect()),
        }
    }
}

/// Brackets within brackets at the deepest place, and signs and nots that stand in a row: each is
/// one call within another to a parser.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut row) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        row = if matches!(c, '!' | '-' | '?') { row + 1 } else { 0 };
        deepest = deepest.max(depth + row);
    }
    deepest
}

/// What a name stands for. A number carries the range it can lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    Number(i128, i128),
    Text,
    Texts,
    Lines,
    Line,
    Member,
    Sale,
    Visit,
    Time,
}

const AMOUNT: Kind = Kind::Number(0, MAX_AMOUNT as i128);
const COUNT: Kind = Kind::Number(0, MAX_COUNT as i128);

/// The names at the top.
const TOP: [(&str, Kind); 6] = [
    ("member", Kind::Member),
    ("sale", Kind::Sale),
    ("lines", Kind::Lines),
    ("visit", Kind::Visit),
    ("time", Kind::Time),
    ("store", Kind::Text),
];

#[expect(clippy::match_same_arms, reason = "one line for what belongs together")]
/// The names inside each: docs/rules/README.md says what they mean.
fn field(of: Kind, name: &str) -> Option<Kind> {
    Some(match (of, name) {
        (Kind::Member, "tier") | (Kind::Line, "item" | "category") => Kind::Text,
        (Kind::Time, "date") => Kind::Text,
        (Kind::Member, "tags") => Kind::Texts,
        (Kind::Member, "points" | "spent") | (Kind::Sale | Kind::Line, "amount") => AMOUNT,
        (Kind::Member, "visits" | "sales" | "days") | (Kind::Sale, "units") => COUNT,
        (Kind::Line, "quantity") | (Kind::Visit, "days" | "weeks") => COUNT,
        (Kind::Member, "birthday" | "referred") => Kind::Truth,
        (Kind::Sale, "top_up") | (Kind::Visit, "here") => Kind::Truth,
        (Kind::Time, "year") => Kind::Number(0, 9999),
        (Kind::Time, "month") => Kind::Number(1, 12),
        (Kind::Time, "day") => Kind::Number(1, 31),
        (Kind::Time, "weekday") => Kind::Number(1, 7),
        (Kind::Time, "hour") => Kind::Number(0, 23),
        (Kind::Time, "minute") => Kind::Number(0, 59),
        _ => return None,
    })
}

/// Looks an expression through, once, part by part.
struct Looking {
    parts: usize,
    loops: usize,
    /// Names that loops brought in.
    scope: Vec<(String, Kind)>,
}

impl Looking {
    fn kind(&mut self, part: &IdedExpr, depth: usize) -> Result<Kind, Trouble> {
        self.parts += 1;
        if self.parts > MAX_PARTS || depth > 4 * MAX_DEPTH {
            return Err(Trouble::TooDeep);
        }
        match &part.expr {
            Expr::Literal(literal) => literal_kind(literal),
            Expr::Ident(name) => self.named(name),
            Expr::Select(select) if select.test => Err(Trouble::NotAllowed("has".into())),
            Expr::Select(select) => {
                let of = self.kind(&select.operand, depth + 1)?;
                field(of, &select.field).ok_or_else(|| Trouble::UnknownName(select.field.clone()))
            }
            Expr::Call(call) => self.call(call, depth + 1),
            Expr::Comprehension(each) => self.each(each, depth + 1),
            Expr::List(_) => Err(Trouble::NotAllowed("[ ]".into())),
            Expr::Map(_) | Expr::Struct(_) => Err(Trouble::NotAllowed("{ }".into())),
            Expr::Unspecified => Err(Trouble::NotReadable),
        }
    }

    fn named(&self, name: &str) -> Result<Kind, Trouble> {
        let scope = self.scope.iter().rev().find(|(known, _)| known == name);
        let known = scope.map(|(_, kind)| *kind);
        let top = || TOP.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        known.or_else(top).ok_or_else(|| Trouble::UnknownName(name.into()))
    }

    fn call(&mut self, call: &CallExpr, depth: usize) -> Result<Kind, Trouble> {
        let name = call.func_name.as_str();
        if name == op::IN {
            return self.one_of(call, depth);
        }
        let mut kinds = Vec::new();
        for argument in call.target.iter().map(|target| &**target).chain(&call.args) {
            kinds.push(self.kind(argument, depth)?);
        }
        let wrong = || Trouble::WrongKind(plain(name));
        match (name, kinds.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, kinds) if truths(kinds) => Ok(Kind::Truth),
            (op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, [Kind::Truth])
            | ("startsWith" | "endsWith" | "contains", [Kind::Text, Kind::Text]) => Ok(Kind::Truth),
            (op::EQUALS | op::NOT_EQUALS, [a, b]) if comparable(*a, *b, true) => Ok(Kind::Truth),
            (op::GREATER | op::LESS | op::GREATER_EQUALS | op::LESS_EQUALS, [a, b])
                if comparable(*a, *b, false) =>
            {
                Ok(Kind::Truth)
            }
            (op::CONDITIONAL, [Kind::Truth, a, b]) => either(*a, *b).ok_or_else(wrong),
            (op::NEGATE, [Kind::Number(low, high)]) => range(name, -high, -low),
            (op::ADD | op::SUBSTRACT | op::MULTIPLY, [Kind::Number(a, b), Kind::Number(c, d)]) => {
                sum(name, (*a, *b), (*c, *d))
            }
            (op::DIVIDE | op::MODULO, [Kind::Number(a, b), Kind::Number(c, d)]) => {
                if c != d || *c == 0 {
                    return Err(Trouble::Division);
                }
                let most = a.abs().max(b.abs());
                range(name, -most, most)
            }
            ("size", [Kind::Lines | Kind::Texts | Kind::Text]) => Ok(COUNT),
            (known, _) if is_known(known) => Err(wrong()),
            _ => Err(Trouble::NotAllowed(plain(name))),
        }
    }

    /// `x in [a, b, c]`, or `x in member.tags`.
    fn one_of(&mut self, call: &CallExpr, depth: usize) -> Result<Kind, Trouble> {
        let wrong = || Trouble::WrongKind("in".into());
        let [wanted, among] = call.args.as_slice() else { return Err(wrong()) };
        let kind = self.kind(wanted, depth)?;
        let Expr::List(list) = &among.expr else {
            return match (kind, self.kind(among, depth)?) {
                (Kind::Text, Kind::Texts) => Ok(Kind::Truth),
                _ => Err(wrong()),
            };
        };
        for element in &list.elements {
            let element = self.kind(element, depth)?;
            if !comparable(kind, element, true) {
                return Err(wrong());
            }
        }
        Ok(Kind::Truth)
    }

    /// `lines.exists(l, …)`, `all`, `exists_one`.
    fn each(&mut self, each: &ComprehensionExpr, depth: usize) -> Result<Kind, Trouble> {
        self.loops += 1;
        if self.loops > MAX_LOOPS || !self.scope.is_empty() {
            return Err(Trouble::Loops);
        }
        let element = match self.kind(&each.iter_range, depth)? {
            Kind::Lines => Kind::Line,
            Kind::Texts => Kind::Text,
            _ => return Err(Trouble::WrongKind("a loop".into())),
        };
        if each.iter_var2.is_some() || each.iter_var.starts_with('@') {
            return Err(Trouble::NotAllowed("a loop with two names".into()));
        }
        let sum = match &each.accu_init.expr {
            Expr::Literal(LiteralValue::Boolean(_)) => Kind::Truth,
            Expr::Literal(LiteralValue::Int(_)) => COUNT,
            // What builds a list could grow.
            _ => return Err(Trouble::NotAllowed("map and filter".into())),
        };
        self.scope.push((each.iter_var.clone(), element));
        self.scope.push((each.accu_var.clone(), sum));
        let inside = [&each.loop_cond, &each.loop_step, &each.result];
        let mut kinds = Vec::new();
        for part in inside {
            kinds.push(self.kind(part, depth)?);
        }
        self.scope.clear();
        let fits = match kinds.as_slice() {
            [Kind::Truth, step, Kind::Truth] => either(*step, sum).is_some(),
            _ => false,
        };
        if fits { Ok(Kind::Truth) } else { Err(Trouble::WrongKind("a loop".into())) }
    }
}

fn literal_kind(literal: &LiteralValue) -> Result<Kind, Trouble> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Kind::Truth),
        LiteralValue::Int(number) => {
            let number = i128::from(*number.inner());
            Ok(Kind::Number(number, number))
        }
        LiteralValue::String(_) => Ok(Kind::Text),
        LiteralValue::Double(_) => Err(Trouble::Fraction),
        LiteralValue::UInt(_) => Err(Trouble::NotAllowed("u".into())),
        LiteralValue::Bytes(_) => Err(Trouble::NotAllowed("b\"\"".into())),
        LiteralValue::Null => Err(Trouble::NotAllowed("null".into())),
    }
}

fn truths(kinds: &[Kind]) -> bool {
    kinds.iter().all(|kind| *kind == Kind::Truth)
}

fn comparable(a: Kind, b: Kind, equal: bool) -> bool {
    match (a, b) {
        (Kind::Number(..), Kind::Number(..)) | (Kind::Text, Kind::Text) => true,
        (Kind::Truth, Kind::Truth) => equal,
        _ => false,
    }
}

/// What either of two can be.
fn either(a: Kind, b: Kind) -> Option<Kind> {
    match (a, b) {
        (Kind::Number(a, b), Kind::Number(c, d)) => Some(Kind::Number(a.min(c), b.max(d))),
        (Kind::Truth | Kind::Text, _) if a == b => Some(a),
        _ => None,
    }
}

fn range(name: &str, low: i128, high: i128) -> Result<Kind, Trouble> {
    if low < i128::from(i64::MIN) || high > i128::from(i64::MAX) {
        return Err(Trouble::Overflow(plain(name)));
    }
    Ok(Kind::Number(low, high))
}

fn sum(name: &str, (a, b): (i128, i128), (c, d): (i128, i128)) -> Result<Kind, Trouble> {
    // Each lies within 64 bits, so that no product of two leaves 128.
    match name {
        op::ADD => range(name, a + c, b + d),
        op::SUBSTRACT => range(name, a - d, b - c),
        _ => {
            let corners = [a * c, a * d, b * c, b * d];
            let low = corners.iter().copied().min().unwrap_or_default();
            range(name, low, corners.iter().copied().max().unwrap_or_default())
        }
    }
}

fn is_known(name: &str) -> bool {
    const KNOWN: [&str; 20] = [
        op::LOGICAL_AND,
        op::LOGICAL_OR,
        op::LOGICAL_NOT,
        op::EQUALS,
        op::NOT_EQUALS,
        op::GREATER,
        op::LESS,
        op::GREATER_EQUALS,
        op::LESS_EQUALS,
        op::CONDITIONAL,
        op::NEGATE,
        op::ADD,
        op::SUBSTRACT,
        op::MULTIPLY,
        op::DIVIDE,
        op::MODULO,
        "size",
        "startsWith",
        "endsWith",
        "contains",
    ];
    KNOWN.contains(&name)
}

/// An operator as it is written.
fn plain(name: &str) -> String {
    name.trim_matches('_').replace('@', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(text: &str) -> Trouble {
        Condition::read(text).expect_err(text)
    }

    #[test]
    fn what_can_be_asked() {
        for text in [
            "sale.amount >= 5000",
            "member.tier == 'Gold' && time.weekday in [6, 7]",
            "lines.exists(l, l.category == 'coffee' && l.quantity >= 2)",
            "lines.all(l, l.amount > 0) || !visit.here",
            "lines.exists_one(l, l.item.startsWith('A'))",
            "'vip' in member.tags && size(lines) < 5",
            "member.visits % 10 == 9",
            "sale.amount * 100 / 3 > (member.birthday ? 10 : 20)",
            "time.date >= '2026-12-01' && store != 'Airport'",
            "-sale.amount < -100",
        ] {
            Condition::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }

    #[test]
    fn hostile_conditions_are_refused_by_name() {
        let megabyte = format!("sale.amount == {}", "1".repeat(1 << 20));
        let brackets = format!("{}true{}", "(".repeat(400), ")".repeat(400));
        let nots = format!("{}true", "!".repeat(900));
        let long_or = vec!["true"; 160].join("||");
        let long_sum = format!("{} > 0", vec!["1"; 400].join("+"));
        for (text, code) in [
            (megabyte.as_str(), "too_long"),
            (brackets.as_str(), "too_deep"),
            (nots.as_str(), "too_deep"),
            (long_or.as_str(), "too_deep"),
            (long_sum.as_str(), "too_deep"),
            ("", "not_readable"),
            ("sale.amount >", "not_readable"),
            ("sale.amount >= 50.0", "fraction"),
            ("sale.amount / size(lines) > 5", "division"),
            ("1 / 0 == 1", "division"),
            ("sale.amount % 0 == 1", "division"),
            ("sale.amount * sale.amount > 1", "overflow"),
            ("9223372036854775807 + 1 > 0", "overflow"),
            ("sale.amout > 1", "unknown_name"),
            ("secrets.key == 1", "unknown_name"),
            ("lines.exists(l, l.colour == 'red')", "unknown_name"),
            ("lines.exists(l, lines.exists(m, m.item == l.item))", "loops"),
            ("lines.map(l, l.amount) == 1", "not_allowed"),
            ("lines.filter(l, l.amount > 1) == 1", "not_allowed"),
            ("[1,2,3].exists(x, x == 1)", "not_allowed"),
            ("has(member.tier)", "not_allowed"),
            ("sale.amount", "not_yes_or_no"),
            ("member.tier", "not_yes_or_no"),
            ("member.tier == 1", "wrong_kind"),
            ("member == member", "wrong_kind"),
            ("sale.amount && true", "wrong_kind"),
            ("member.tier.matches('(a+)+$')", "not_allowed"),
            ("exec('rm')", "not_allowed"),
            ("string(sale.amount) == '1'", "not_allowed"),
            ("'a' + 'a' == 'aa'", "wrong_kind"),
            ("lines[0].amount > 1", "not_allowed"),
            ("{'a': 1}.a == 1", "not_allowed"),
        ] {
            let found = trouble(text);
            let shown: String = text.chars().take(60).collect();
            assert_eq!(found.code(), code, "{shown}: {found}");
        }
    }

    #[test]
    fn a_hostile_condition_is_refused_soon() {
        let began = std::time::Instant::now();
        for text in [
            "a.".repeat(499),
            "f(".repeat(12),
            "[[[[[[[[[[[".to_owned(),
            "x?".repeat(480),
            "true?true:".repeat(99) + "true",
            "1-".repeat(480) + "1 == 1",
            "\"".repeat(999),
            "`".repeat(999),
            "\u{202e}".repeat(300),
        ] {
            trouble(&text);
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}

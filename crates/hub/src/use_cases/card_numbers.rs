//! Card numbers, allotted to tills in blocks: so that a desk without a line gives out none that
//! another one gives out too.

use punchcard_domain::{
    effects::RecordKind,
    fact::{CardsAllotted, Fact},
    numbering::AllottedBlock,
};
use punchcard_protocol::StreamId;
use serde_json::json;

use super::{give, inbox, push::fresh, records, restored, work::Work};
use crate::{error::Result, random, store::journal};

/// Allots a block to a journal that has few left and holds `blocks` of them. It is an entry of the
/// hub's own: it comes to the till in its channel.
///
/// Nothing is allotted where the till does not know yet of all that it was allotted; where its
/// history is not one; and while a restored hub waits for what it lost.
pub(crate) fn allot(work: &mut Work<'_>, to: StreamId, blocks: u32) -> Result<()> {
    let Some(numbers) = records::rules(&mut *work.session)?.card_numbers else { return Ok(()) };
    let lives = journal::streams_of(&mut *work.session, to.till)?;
    if restored::held(work)? || lives.iter().any(|life| life.state == "forked") {
        return Ok(());
    }
    let allotted: Vec<AllottedBlock> = records::all(&mut *work.session, RecordKind::CardBlock)?;
    let known_there = usize::try_from(blocks).unwrap_or(usize::MAX);
    if allotted.iter().filter(|block| block.to == to).count() != known_there {
        return Ok(());
    }
    let own = work.own();
    // Whoever had this business before, or this hub before it was restored, may have allotted more.
    let anew = own.incarnation > 1 || !give::hubs_before(&mut *work.session)?.is_empty();
    let drawn = u32::from_be_bytes(random::bytes::<4>()?);
    match numbers.next_block(&allotted, own, drawn, anew) {
        Ok(numbers) => {
            let (id, at_ms) = (fresh(work)?, work.effective_ms());
            work.say(Fact::CardsAllotted(CardsAllotted { id, to, at_ms, numbers })).map(drop)
        }
        Err(_) => no_more(work, &numbers.prefix),
    }
}

/// Told once for each prefix, for as long as nobody has looked.
fn no_more(work: &mut Work<'_>, prefix: &str) -> Result<()> {
    let args = json!({"prefix": prefix});
    let sql = "SELECT 1 FROM inbox WHERE code = 'card_numbers_out' AND settled = 0 AND args = $1";
    if work.session.row(sql, &[args.to_string().into()])?.is_some() {
        return Ok(());
    }
    inbox::tell(work, "card_numbers_out", &args)
}

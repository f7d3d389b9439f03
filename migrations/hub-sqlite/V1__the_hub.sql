-- The hub's database, for SQLite. migrations/hub-postgres holds the same tables; the SQL above
-- them is written once, so names and columns must be the same in both.

-- ── The hub itself ───────────────────────────────────────────────────────────────────────────

-- One row. Whoever writes holds it, so positions are given out one after the other and become
-- visible in their order.
CREATE TABLE hub (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  id       BLOB NOT NULL,
  epoch    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  sum      BLOB NOT NULL,
  hlc      INTEGER NOT NULL,
  follow   TEXT NOT NULL,
  made_ms  INTEGER NOT NULL
) STRICT;

-- Keys, never printed: `signing` (Ed25519 seed), `tls-cert` and `tls-key` (DER).
CREATE TABLE secret (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ── Tills and their journals ─────────────────────────────────────────────────────────────────

CREATE TABLE till (
  id         BLOB PRIMARY KEY,
  store      BLOB NOT NULL,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  paired_ms  INTEGER NOT NULL,
  seen_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `stream`: till id and incarnation, 20 bytes. `state`: open, closed (no more entries count),
-- forked (two histories; frozen until a manager looks). `brought`: written while the till was on
-- its own, before it was paired.
CREATE TABLE stream (
  stream     BLOB PRIMARY KEY,
  public_key BLOB NOT NULL,
  seq        INTEGER NOT NULL,
  hash       BLOB NOT NULL,
  hlc        INTEGER NOT NULL,
  durable    INTEGER NOT NULL,
  state      TEXT NOT NULL,
  opened_ms  INTEGER NOT NULL,
  brought    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pairing (
  id         TEXT PRIMARY KEY,
  secret     BLOB NOT NULL,
  store      BLOB,
  expires_ms INTEGER NOT NULL,
  used_by    BLOB,
  wrong      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- ── The log ──────────────────────────────────────────────────────────────────────────────────

-- Every entry of every till and of the hub, in the order in which they came. `sum` adds up the
-- hashes of all entries so far that are passed on; `kept_back`: the payload is not what its header
-- says, so it is passed on to nobody.
CREATE TABLE log (
  position    INTEGER PRIMARY KEY,
  stream      BLOB NOT NULL,
  seq         INTEGER NOT NULL,
  hash        BLOB NOT NULL,
  header      BLOB NOT NULL,
  salt        BLOB NOT NULL,
  payload     BLOB NOT NULL,
  member      BLOB,
  sum         BLOB NOT NULL,
  kept_back   INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE (stream, seq)
) STRICT;
CREATE INDEX log_of_member ON log (member, position) WHERE member IS NOT NULL;

CREATE TABLE private_part (
  position INTEGER PRIMARY KEY,
  salt     BLOB NOT NULL,
  bytes    BLOB NOT NULL
) STRICT;

-- Channels that are parts of the log: `org` and one for each store. The channel `all` is the log.
CREATE TABLE feed (
  channel  TEXT NOT NULL,
  position INTEGER NOT NULL,
  log      INTEGER NOT NULL,
  sum      BLOB NOT NULL,
  PRIMARY KEY (channel, position)
) STRICT, WITHOUT ROWID;

-- Which members a store follows.
CREATE TABLE follow (
  member BLOB NOT NULL,
  store  BLOB NOT NULL,
  PRIMARY KEY (member, store)
) STRICT, WITHOUT ROWID;

-- What could not be taken in: other histories, broken chains. Kept for a person to look at.
CREATE TABLE quarantine (
  id     BLOB PRIMARY KEY,
  at_ms  INTEGER NOT NULL,
  till   BLOB NOT NULL,
  why    TEXT NOT NULL,
  body   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ── Value on its way ─────────────────────────────────────────────────────────────────────────

CREATE TABLE draw (
  id     BLOB PRIMARY KEY,
  till   BLOB NOT NULL,
  at_ms  INTEGER NOT NULL,
  answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ask (
  id     BLOB PRIMARY KEY,
  till   BLOB NOT NULL,
  member BLOB NOT NULL,
  kind   INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ask_of_till ON ask (till, at_ms);

-- What the owner should look at: a code and what fills its sentence in (JSON).
CREATE TABLE inbox (
  id      BLOB PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  code    TEXT NOT NULL,
  args    TEXT NOT NULL,
  settled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ── Folded: what the log says. The same tables as a till's, by global ids ─────────────────────

CREATE TABLE fact (
  id           BLOB PRIMARY KEY,
  stream       BLOB NOT NULL,
  seq          INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  member       BLOB,
  store        BLOB,
  at_ms        INTEGER NOT NULL,
  points       INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  verdict      INTEGER,
  counted      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the owner set, through all its versions: entries are judged by the rules of their day.
CREATE INDEX fact_of_owner ON fact (kind, at_ms) WHERE kind < 20;

CREATE TABLE void (
  target BLOB PRIMARY KEY,
  by     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  id         BLOB PRIMARY KEY,
  name       TEXT,
  phone      TEXT,
  email      TEXT,
  birthday   TEXT,
  gender     TEXT,
  note       TEXT,
  tags       TEXT,
  cards      TEXT,
  tier       TEXT,
  home_store TEXT,
  banned     TEXT,
  photo      TEXT,
  joined_ms  INTEGER,
  stamps     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How a till that scans a stranger finds them: `p` and a phone, `c` and a card.
CREATE TABLE member_key (
  key    TEXT NOT NULL,
  member BLOB NOT NULL,
  PRIMARY KEY (key, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_of_member ON member_key (member);

CREATE TABLE record (
  kind   INTEGER NOT NULL,
  id     BLOB NOT NULL,
  body   TEXT NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pass (
  member    BLOB NOT NULL,
  id        BLOB NOT NULL,
  fact      BLOB NOT NULL,
  name      TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day  TEXT,
  visits    BLOB,
  PRIMARY KEY (member, id)
) STRICT, WITHOUT ROWID;

-- The ledger. Nobody's stream (issued, the pool, expired) and nobody's member (the store's own
-- lots) are empty bytes.
CREATE TABLE account (
  member     BLOB NOT NULL,
  lot        BLOB NOT NULL,
  account    INTEGER NOT NULL,
  stream     BLOB NOT NULL,
  kind       INTEGER NOT NULL,
  amount     INTEGER NOT NULL,
  expires_ms INTEGER,
  PRIMARY KEY (member, lot, account, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE debt (
  member BLOB NOT NULL,
  kind   INTEGER NOT NULL,
  stream BLOB NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (member, kind, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE takeover (
  from_stream BLOB NOT NULL,
  to_stream   BLOB NOT NULL,
  PRIMARY KEY (from_stream, to_stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE merge (
  gone   BLOB PRIMARY KEY,
  kept   BLOB NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_into ON merge (kept);

CREATE TABLE take_back (
  lot    BLOB NOT NULL,
  by     BLOB NOT NULL,
  member BLOB NOT NULL,
  spent  TEXT NOT NULL,
  PRIMARY KEY (lot, by)
) STRICT, WITHOUT ROWID;

CREATE TABLE gave_back (
  lot    BLOB NOT NULL,
  stream BLOB NOT NULL,
  PRIMARY KEY (lot, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen (
  lot    BLOB PRIMARY KEY,
  frozen INTEGER NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL
) STRICT, WITHOUT ROWID;

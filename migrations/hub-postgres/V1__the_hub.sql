-- The hub's database, for PostgreSQL. migrations/hub-sqlite holds the same tables; the SQL above
-- them is written once, so names and columns must be the same in both.

-- ── The hub itself ───────────────────────────────────────────────────────────────────────────

-- One row. Whoever writes holds it, so positions are given out one after the other and become
-- visible in their order.
CREATE TABLE hub (
  one      BIGINT PRIMARY KEY CHECK (one = 1),
  id       BYTEA NOT NULL,
  epoch    BIGINT NOT NULL,
  position BIGINT NOT NULL,
  sum      BYTEA NOT NULL,
  hlc      BIGINT NOT NULL,
  follow   TEXT NOT NULL,
  made_ms  BIGINT NOT NULL
);

-- Keys, never printed: `signing` (Ed25519 seed), `tls-cert` and `tls-key` (DER).
CREATE TABLE secret (
  name  TEXT PRIMARY KEY,
  value BYTEA NOT NULL
);

-- ── Tills and their journals ─────────────────────────────────────────────────────────────────

CREATE TABLE till (
  id         BYTEA PRIMARY KEY,
  store      BYTEA NOT NULL,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  paired_ms  BIGINT NOT NULL,
  seen_ms    BIGINT NOT NULL
);

-- `stream`: till id and incarnation, 20 bytes. `state`: open, closed (no more entries count),
-- forked (two histories; frozen until a manager looks). `brought`: written while the till was on
-- its own, before it was paired.
CREATE TABLE stream (
  stream     BYTEA PRIMARY KEY,
  public_key BYTEA NOT NULL,
  seq        BIGINT NOT NULL,
  hash       BYTEA NOT NULL,
  hlc        BIGINT NOT NULL,
  durable    BIGINT NOT NULL,
  state      TEXT NOT NULL,
  opened_ms  BIGINT NOT NULL,
  brought    BIGINT NOT NULL
);

CREATE TABLE pairing (
  id         TEXT PRIMARY KEY,
  secret     BYTEA NOT NULL,
  store      BYTEA,
  expires_ms BIGINT NOT NULL,
  used_by    BYTEA,
  wrong      BIGINT NOT NULL DEFAULT 0
);

-- ── The log ──────────────────────────────────────────────────────────────────────────────────

-- Every entry of every till and of the hub, in the order in which they came. `sum` adds up the
-- hashes of all entries so far that are passed on; `kept_back`: the payload is not what its header
-- says, so it is passed on to nobody.
CREATE TABLE log (
  position    BIGINT PRIMARY KEY,
  stream      BYTEA NOT NULL,
  seq         BIGINT NOT NULL,
  hash        BYTEA NOT NULL,
  header      BYTEA NOT NULL,
  salt        BYTEA NOT NULL,
  payload     BYTEA NOT NULL,
  member      BYTEA,
  sum         BYTEA NOT NULL,
  kept_back   BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  UNIQUE (stream, seq)
);
CREATE INDEX log_of_member ON log (member, position) WHERE member IS NOT NULL;

CREATE TABLE private_part (
  position BIGINT PRIMARY KEY,
  salt     BYTEA NOT NULL,
  bytes    BYTEA NOT NULL
);

-- Channels that are parts of the log: `org` and one for each store. The channel `all` is the log.
CREATE TABLE feed (
  channel  TEXT NOT NULL,
  position BIGINT NOT NULL,
  log      BIGINT NOT NULL,
  sum      BYTEA NOT NULL,
  PRIMARY KEY (channel, position)
);

-- Which members a store follows.
CREATE TABLE follow (
  member BYTEA NOT NULL,
  store  BYTEA NOT NULL,
  PRIMARY KEY (member, store)
);

-- What could not be taken in: other histories, broken chains. Kept for a person to look at.
CREATE TABLE quarantine (
  id     BYTEA PRIMARY KEY,
  at_ms  BIGINT NOT NULL,
  till   BYTEA NOT NULL,
  why    TEXT NOT NULL,
  body   BYTEA NOT NULL
);

-- ── Value on its way ─────────────────────────────────────────────────────────────────────────

CREATE TABLE draw (
  id     BYTEA PRIMARY KEY,
  till   BYTEA NOT NULL,
  at_ms  BIGINT NOT NULL,
  answer TEXT NOT NULL
);

CREATE TABLE ask (
  id     BYTEA PRIMARY KEY,
  till   BYTEA NOT NULL,
  member BYTEA NOT NULL,
  kind   BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  at_ms  BIGINT NOT NULL
);
CREATE INDEX ask_of_till ON ask (till, at_ms);

-- What the owner should look at: a code and what fills its sentence in (JSON).
CREATE TABLE inbox (
  id      BYTEA PRIMARY KEY,
  at_ms   BIGINT NOT NULL,
  code    TEXT NOT NULL,
  args    TEXT NOT NULL,
  settled BIGINT NOT NULL
);

-- ── Folded: what the log says. The same tables as a till's, by global ids ─────────────────────

CREATE TABLE fact (
  id           BYTEA PRIMARY KEY,
  stream       BYTEA NOT NULL,
  seq          BIGINT NOT NULL,
  kind         BIGINT NOT NULL,
  member       BYTEA,
  store        BYTEA,
  at_ms        BIGINT NOT NULL,
  points       BIGINT NOT NULL,
  amount_minor BIGINT NOT NULL,
  verdict      BIGINT,
  counted      BIGINT NOT NULL
);

-- What the owner set, through all its versions: entries are judged by the rules of their day.
CREATE INDEX fact_of_owner ON fact (kind, at_ms) WHERE kind < 20;

CREATE TABLE void (
  target BYTEA PRIMARY KEY,
  by     BYTEA NOT NULL
);

CREATE TABLE member (
  id         BYTEA PRIMARY KEY,
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
  joined_ms  BIGINT,
  stamps     BYTEA NOT NULL
);

-- How a till that scans a stranger finds them: `p` and a phone, `c` and a card.
CREATE TABLE member_key (
  key    TEXT NOT NULL,
  member BYTEA NOT NULL,
  PRIMARY KEY (key, member)
);
CREATE INDEX keys_of_member ON member_key (member);

CREATE TABLE record (
  kind   BIGINT NOT NULL,
  id     BYTEA NOT NULL,
  body   TEXT NOT NULL,
  hlc    BIGINT NOT NULL,
  stream BYTEA NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE pass (
  member    BYTEA NOT NULL,
  id        BYTEA NOT NULL,
  fact      BYTEA NOT NULL,
  name      TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day  TEXT,
  visits    BYTEA,
  PRIMARY KEY (member, id)
);

-- The ledger. Nobody's stream (issued, the pool, expired) and nobody's member (the store's own
-- lots) are empty bytes.
CREATE TABLE account (
  member     BYTEA NOT NULL,
  lot        BYTEA NOT NULL,
  account    BIGINT NOT NULL,
  stream     BYTEA NOT NULL,
  kind       BIGINT NOT NULL,
  amount     BIGINT NOT NULL,
  expires_ms BIGINT,
  PRIMARY KEY (member, lot, account, stream)
);

CREATE TABLE debt (
  member BYTEA NOT NULL,
  kind   BIGINT NOT NULL,
  stream BYTEA NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (member, kind, stream)
);

CREATE TABLE takeover (
  from_stream BYTEA NOT NULL,
  to_stream   BYTEA NOT NULL,
  PRIMARY KEY (from_stream, to_stream)
);

CREATE TABLE merge (
  gone   BYTEA PRIMARY KEY,
  kept   BYTEA NOT NULL,
  hlc    BIGINT NOT NULL,
  stream BYTEA NOT NULL
);
CREATE INDEX merge_into ON merge (kept);

CREATE TABLE take_back (
  lot    BYTEA NOT NULL,
  by     BYTEA NOT NULL,
  member BYTEA NOT NULL,
  spent  TEXT NOT NULL,
  PRIMARY KEY (lot, by)
);

CREATE TABLE gave_back (
  lot    BYTEA NOT NULL,
  stream BYTEA NOT NULL,
  PRIMARY KEY (lot, stream)
);

CREATE TABLE frozen (
  lot    BYTEA PRIMARY KEY,
  frozen BIGINT NOT NULL,
  hlc    BIGINT NOT NULL,
  stream BYTEA NOT NULL
);

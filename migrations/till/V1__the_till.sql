-- A till's store. Everything below "Folded" can be rebuilt from the journal alone.

-- ── The journal ──────────────────────────────────────────────────────────────────────────────

-- Streams by a small local number, so that a row need not carry twenty bytes each time. The
-- number means nothing on another machine: digests and messages use till and incarnation.
CREATE TABLE stream (
  n           INTEGER PRIMARY KEY,
  till        BLOB NOT NULL,
  incarnation INTEGER NOT NULL,
  UNIQUE (till, incarnation)
) STRICT;

-- id = stream number × 2^40 + seq: one B-tree, appended to.
CREATE TABLE entry (
  id      INTEGER PRIMARY KEY,
  header  BLOB NOT NULL,
  salt    BLOB NOT NULL,
  payload BLOB NOT NULL
) STRICT;

-- What erasure deletes: names, phones, birthdays, photos. Bound by a commitment in the payload.
CREATE TABLE private_part (
  entry INTEGER PRIMARY KEY REFERENCES entry (id),
  salt  BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- ── Local: this machine's own affairs, no facts ──────────────────────────────────────────────

CREATE TABLE local (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- PINs stay on the till where they were set. Wrong tries are counted before the PIN is looked at.
CREATE TABLE staff_pin (
  staff    BLOB PRIMARY KEY,
  hash     TEXT NOT NULL,
  wrong    INTEGER NOT NULL DEFAULT 0,
  until_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- ── Folded ───────────────────────────────────────────────────────────────────────────────────

CREATE TABLE fact (
  id           BLOB PRIMARY KEY,
  entry        INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  member       INTEGER,
  store        BLOB,
  at_ms        INTEGER NOT NULL,
  points       INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  verdict      INTEGER,
  counted      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_of_member ON fact (member, at_ms, counted) WHERE member IS NOT NULL;

CREATE TABLE void (
  target BLOB PRIMARY KEY,
  by     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Each field keeps the latest by stamp; `stamps` says for each stamp which fields it set last.
CREATE TABLE member (
  n          INTEGER PRIMARY KEY,
  id         BLOB NOT NULL UNIQUE,
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
  found_by   TEXT,
  stamps     BLOB NOT NULL
) STRICT;

-- How members are found: derived from their file, one row for each thing they may be called by.
CREATE TABLE member_key (
  key    TEXT NOT NULL,
  member INTEGER NOT NULL,
  PRIMARY KEY (key, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
  kind   INTEGER NOT NULL,
  id     BLOB NOT NULL,
  body   TEXT NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pass (
  member    INTEGER NOT NULL,
  id        BLOB NOT NULL,
  fact      BLOB NOT NULL,
  name      TEXT NOT NULL,
  first_day TEXT NOT NULL,
  last_day  TEXT,
  visits    BLOB,
  PRIMARY KEY (member, id)
) STRICT, WITHOUT ROWID;

-- The ledger, double entry: what was issued stands against it (account 0, below zero, with the
-- moment it runs out), so a lot's rows add up to nothing. Member 0: the store's own (stock, seats).
-- Stream 0: nobody's (issued, the pool, what expired). Clustered by member: one page tells all.
CREATE TABLE account (
  member     INTEGER NOT NULL,
  lot        BLOB NOT NULL,
  account    INTEGER NOT NULL,
  stream     INTEGER NOT NULL,
  kind       INTEGER NOT NULL,
  amount     INTEGER NOT NULL,
  expires_ms INTEGER,
  PRIMARY KEY (member, lot, account, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE debt (
  member INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (member, kind, stream)
) STRICT, WITHOUT ROWID;

-- A stream whose accounts a later life of the same till may debit from now on.
CREATE TABLE takeover (
  from_stream INTEGER NOT NULL,
  to_stream   INTEGER NOT NULL,
  PRIMARY KEY (from_stream, to_stream)
) STRICT, WITHOUT ROWID;

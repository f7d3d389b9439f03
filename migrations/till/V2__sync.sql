-- What a till knows of its hub, and what came with several machines.

-- ── Folded ───────────────────────────────────────────────────────────────────────────────────

-- A file that is shown as another one: registered twice.
CREATE TABLE merge (
  gone   BLOB PRIMARY KEY,
  kept   BLOB NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_into ON merge (kept);

-- Lots that count for nothing any more, and what was known to be spent of each (JSON).
CREATE TABLE take_back (
  lot    BLOB NOT NULL,
  by     BLOB NOT NULL,
  member INTEGER NOT NULL,
  spent  TEXT NOT NULL,
  PRIMARY KEY (lot, by)
) STRICT, WITHOUT ROWID;

-- Who has given back what it held of such a lot.
CREATE TABLE gave_back (
  lot    BLOB NOT NULL,
  stream INTEGER NOT NULL,
  PRIMARY KEY (lot, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen (
  lot    BLOB PRIMARY KEY,
  frozen INTEGER NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ── Local: sync ──────────────────────────────────────────────────────────────────────────────

-- Entries of an earlier life of this till that has two histories, where the hub counts the other.
-- Kept for a person to look at; nothing reads them.
CREATE TABLE set_aside (
  n             INTEGER PRIMARY KEY,
  entry         INTEGER NOT NULL,
  header        BLOB NOT NULL,
  salt          BLOB NOT NULL,
  payload       BLOB NOT NULL,
  private_salt  BLOB,
  private_bytes BLOB
) STRICT;

-- How far each channel has been read; `sum` is over the hashes of all its entries so far.
CREATE TABLE cursor (
  channel  TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  sum      BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the hub has each of this till's own journals, and how far in its backups too.
CREATE TABLE pushed (
  stream  INTEGER PRIMARY KEY,
  acked   INTEGER NOT NULL,
  durable INTEGER NOT NULL
) STRICT;

-- What sync has to tell a person: a code and what fills its sentence in (JSON).
CREATE TABLE notice (
  n       INTEGER PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  code    TEXT NOT NULL,
  args    TEXT NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Two files with one phone: waiting for a person to say whether they are one member's.
CREATE TABLE duplicate (
  first  BLOB NOT NULL,
  second BLOB NOT NULL,
  at_ms  INTEGER NOT NULL,
  PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID;

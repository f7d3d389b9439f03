-- Points by the owner's rules.

-- ── Folded ───────────────────────────────────────────────────────────────────────────────────

-- What each rule gave, and by which version: caps are counted from here.
CREATE TABLE earned (
  fact    BLOB NOT NULL,
  rule    BLOB NOT NULL,
  version INTEGER NOT NULL,
  points  INTEGER NOT NULL,
  PRIMARY KEY (fact, rule)
) STRICT, WITHOUT ROWID;

-- Lots that cannot be spent before a moment.
CREATE TABLE pending (
  lot      BLOB PRIMARY KEY,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

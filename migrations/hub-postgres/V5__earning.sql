-- Points by the owner's rules.

-- ── Folded ───────────────────────────────────────────────────────────────────────────────────

-- What each rule gave, and by which version: caps are counted from here.
CREATE TABLE earned (
  fact    BYTEA NOT NULL,
  rule    BYTEA NOT NULL,
  version BIGINT NOT NULL,
  points  BIGINT NOT NULL,
  PRIMARY KEY (fact, rule)
);

-- Lots that cannot be spent before a moment.
CREATE TABLE pending (
  lot      BYTEA PRIMARY KEY,
  until_ms BIGINT NOT NULL
);

-- ── Folded ───────────────────────────────────────────────────────────────────────────────────

-- Files that were erased: nothing personal of them is kept, whenever it comes. Of several facts that say
-- so, the one with the smallest id counts.
CREATE TABLE erased (
  member BLOB PRIMARY KEY,
  by     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- ── The hub itself ───────────────────────────────────────────────────────────────────────────

-- One row, where anybody was erased: where the newest erasure stands in the log, and whether what was
-- deleted by it may still be read in free space. Backups that began before it hold what was erased.
CREATE TABLE erasure (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  epoch    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  due      INTEGER NOT NULL
) STRICT;

-- Entries about nobody, as far as the hub knows: what it could not understand is among them.
CREATE INDEX log_of_nobody ON log (position) WHERE member IS NULL;

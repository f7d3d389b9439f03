-- The log as a Merkle tree: hashes beside one another at one level, sixteen to a row. `key`: the level
-- (of every fourth, from the leaves), one byte, and the row's place there, eight bytes. The hub fills it
-- from the log when it is opened.
CREATE TABLE tree (
  key    BLOB PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

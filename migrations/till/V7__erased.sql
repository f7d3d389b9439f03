-- Files that were erased: nothing personal of them is kept, whenever it comes. Of several facts that say
-- so, the one with the smallest id counts.
CREATE TABLE erased (
  member BLOB PRIMARY KEY,
  by     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the log was handed on to others who asked for it.

-- `position`: the newest entry that they have acknowledged; `sequence`: how far their own stream was then,
-- by its own numbers. `holder`: whose turn it is, among several
-- hubs, or was last; `until_ms`: nobody else begins before.
CREATE TABLE outlet (
  name     TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  sequence INTEGER NOT NULL DEFAULT 0,
  holder   BLOB NOT NULL DEFAULT x'',
  until_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

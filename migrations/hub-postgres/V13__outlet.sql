-- How far the log was handed on to others who asked for it.

-- `position`: the newest entry that they have acknowledged; `sequence`: how far their own stream was then,
-- by its own numbers. `holder`: whose turn it is, among several
-- hubs, or was last; `until_ms`: nobody else begins before.
CREATE TABLE outlet (
  name     TEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  sequence BIGINT NOT NULL DEFAULT 0,
  holder   BYTEA NOT NULL DEFAULT ''::bytea,
  until_ms BIGINT NOT NULL DEFAULT 0
);

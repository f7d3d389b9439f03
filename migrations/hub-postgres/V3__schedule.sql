-- What is done at certain times, by one of the hubs on this database.

-- `slot_ms`: the newest moment for it at which it was done. `holder`: who is at it, or was last;
-- `until_ms`: nobody else begins before. `done_ms`: when it was last done, for that moment or because
-- somebody asked.
CREATE TABLE schedule (
  name     TEXT PRIMARY KEY,
  slot_ms  BIGINT NOT NULL,
  done_ms  BIGINT NOT NULL,
  holder   BYTEA NOT NULL,
  until_ms BIGINT NOT NULL
);

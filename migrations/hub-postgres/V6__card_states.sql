-- What became of each card of a member: the latest of each card. A state of 0: in use again.
-- Compared by bytes, as SQLite does: the order of rows is part of the digest.
CREATE TABLE card_state (
  member BYTEA NOT NULL,
  card   TEXT COLLATE "C" NOT NULL,
  state  BIGINT NOT NULL,
  hlc    BIGINT NOT NULL,
  stream BYTEA NOT NULL,
  PRIMARY KEY (member, card)
);

-- What became of each card of a member: the latest of each card. A state of 0: in use again.
CREATE TABLE card_state (
  member INTEGER NOT NULL,
  card   TEXT NOT NULL,
  state  INTEGER NOT NULL,
  hlc    INTEGER NOT NULL,
  stream BLOB NOT NULL,
  PRIMARY KEY (member, card)
) STRICT, WITHOUT ROWID;

-- What passes allow and what happens to them; what else is on a member's file.

-- What a pass allows besides its days and visits, as it was sold (JSON); none: everything.
ALTER TABLE pass ADD COLUMN terms TEXT;

-- What happened to a pass since: one row for each thing that a fact changes, never changed or taken
-- out. How the pass stands is computed from those whose fact is not void.
CREATE TABLE pass_change (
  pass BYTEA NOT NULL,
  fact BYTEA NOT NULL,
  what BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (pass, fact, what)
);

ALTER TABLE member ADD COLUMN contact TEXT;
ALTER TABLE member ADD COLUMN waiver TEXT;
ALTER TABLE member ADD COLUMN guardian TEXT;
ALTER TABLE member ADD COLUMN family TEXT;
ALTER TABLE member ADD COLUMN consent TEXT;
ALTER TABLE member ADD COLUMN referred_by TEXT;
ALTER TABLE member ADD COLUMN custom TEXT;
ALTER TABLE member ADD COLUMN dead_cards TEXT;

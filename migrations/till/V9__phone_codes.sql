-- The code on a member's own phone: what it is made of, which step of it a redemption used up, and how often a
-- code was given at this till since the last right one.
ALTER TABLE member ADD COLUMN phone_code TEXT;
ALTER TABLE redemption ADD COLUMN code_step INTEGER;

-- This till's own, not folded: it travels nowhere.
CREATE TABLE code_try (
  member   BLOB PRIMARY KEY NOT NULL,
  wrong    INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

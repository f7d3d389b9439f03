-- What a scan asks of a member lies together, in the order of members: their accounts, their passes, and what
-- happened to them. In three tables of their own these were three pages that nobody had read, of a million
-- members; as one it is mostly one page. `account`, `pass` and `fact_of_member` show its rows as they were.

CREATE TABLE of_member (
  member     INTEGER NOT NULL,
  part       INTEGER NOT NULL,  -- 0: an account, 1: a pass, 2: something that happened
  at_ms      INTEGER NOT NULL,  -- when it happened; else 0
  id         BLOB NOT NULL,     -- of the lot, the pass, the fact
  account    INTEGER NOT NULL,  -- an account's; else 0
  stream     INTEGER NOT NULL,  -- an account's; else 0
  kind       INTEGER,
  amount     INTEGER,
  expires_ms INTEGER,
  fact       BLOB,
  name       TEXT,
  first_day  TEXT,
  last_day   TEXT,
  visits     BLOB,
  terms      TEXT,
  counted    INTEGER,
  PRIMARY KEY (member, part, at_ms, id, account, stream)
) STRICT, WITHOUT ROWID;

INSERT INTO of_member
SELECT member, 0, 0, lot, account, stream, kind, amount, expires_ms,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM account
UNION ALL
SELECT member, 1, 0, id, 0, 0, NULL, NULL, NULL,
       fact, name, first_day, last_day, visits, terms, NULL FROM pass
UNION ALL
SELECT member, 2, at_ms, id, 0, 0, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, counted FROM fact WHERE member IS NOT NULL
ORDER BY 1, 2, 3, 4, 5, 6;

-- A till that is just joining has put it away until everything has come.
DROP INDEX IF EXISTS fact_of_member;
DROP TABLE account;
DROP TABLE pass;

-- With all that stands before the id in the key, so that one lot or pass is found by it.
CREATE VIEW account AS
SELECT member, id AS lot, account, stream, kind, amount, expires_ms FROM of_member
WHERE part = 0 AND at_ms = 0;

CREATE VIEW pass AS
SELECT member, id, fact, name, first_day, last_day, visits, terms FROM of_member
WHERE part = 1 AND at_ms = 0;

CREATE VIEW fact_of_member AS
SELECT member, at_ms, id, counted FROM of_member WHERE part = 2;

-- As an index would: no way to put a fact can forget it.
CREATE TRIGGER fact_is_of_member AFTER INSERT ON fact WHEN NEW.member IS NOT NULL
BEGIN
  INSERT INTO of_member (member, part, at_ms, id, account, stream, counted)
  VALUES (NEW.member, 2, NEW.at_ms, NEW.id, 0, 0, NEW.counted);
END;

-- What points were redeemed for: how often a member had a reward is counted from here.
CREATE TABLE redemption (
  fact   BLOB NOT NULL,
  reward BLOB NOT NULL,
  PRIMARY KEY (fact, reward)
) STRICT, WITHOUT ROWID;

-- Those that are in the journal. A till that began from its hub's tables does not have those from before: it says
-- that its table differs from the hub's, and is right once it has joined anew in an empty folder.
INSERT INTO redemption (fact, reward)
SELECT id, reward FROM (
  SELECT f.id AS id,
         unhex(json_extract(CAST(e.payload AS TEXT), '$.reward'), '-') AS reward
  FROM fact f JOIN entry e ON e.id = f.entry WHERE f.kind = 51)
WHERE length(reward) = 16;

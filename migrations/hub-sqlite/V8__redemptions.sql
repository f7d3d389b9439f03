-- What points were redeemed for: how often a member had a reward is counted from here.
CREATE TABLE redemption (
  fact   BLOB NOT NULL,
  reward BLOB NOT NULL,
  PRIMARY KEY (fact, reward)
) STRICT, WITHOUT ROWID;

-- Those that are in the log.
INSERT INTO redemption (fact, reward)
SELECT id, reward FROM (
  SELECT f.id AS id, unhex(json_extract(CAST(l.payload AS TEXT), '$.reward'), '-') AS reward
  FROM fact f JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE f.kind = 51)
WHERE length(reward) = 16;

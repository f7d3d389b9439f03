-- What points were redeemed for: how often a member had a reward is counted from here.
CREATE TABLE redemption (
  fact   BYTEA NOT NULL,
  reward BYTEA NOT NULL,
  PRIMARY KEY (fact, reward)
);

-- Those that are in the log.
INSERT INTO redemption (fact, reward)
SELECT id, decode(reward, 'hex') FROM (
  SELECT f.id AS id, replace(convert_from(l.payload, 'UTF8')::json ->> 'reward', '-', '') AS reward
  FROM fact f JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE f.kind = 51) AS redeemed
WHERE reward ~* '^[0-9a-f]{32}$';

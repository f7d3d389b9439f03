-- A hub that was put back from an older copy, and gets from the tills what it lost.

-- Its writer's signature over the head here, where it signed here: whoever holds the entries up to
-- here can prove them to a hub that does not.
ALTER TABLE log ADD COLUMN signature BYTEA;

-- The hub's epoch in which the till last said what it holds; below zero: that in which a person said
-- that it is not waited for. Until every till has, the hub gives out nothing of what it holds itself.
ALTER TABLE till ADD COLUMN reported BIGINT NOT NULL DEFAULT 0;
UPDATE till SET reported = (SELECT epoch FROM hub);

-- Hubs that had this business before: their journals are known by their keys, and what they took over
-- is this one's.
CREATE TABLE hub_before (
  id         BYTEA PRIMARY KEY,
  public_key BYTEA NOT NULL
);

-- Journals that a hub closed before it was restored: entries up to there counted then, and count again.
CREATE TABLE closing (
  stream BYTEA PRIMARY KEY,
  seq    BIGINT NOT NULL
);

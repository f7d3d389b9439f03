-- The epoch in which a life of a till last said all that it holds. Two machines may be lives of one till:
-- what the one has said says nothing of the other.
ALTER TABLE stream ADD COLUMN reported BIGINT NOT NULL DEFAULT 0;

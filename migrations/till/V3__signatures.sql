-- The signature of whoever wrote an entry over its head there, where it signed there: with it a till can
-- give others' entries back to a hub that lost them.
ALTER TABLE entry ADD COLUMN signature BLOB;

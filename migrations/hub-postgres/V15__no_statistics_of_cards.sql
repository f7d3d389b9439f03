-- The planner keeps frequent values of a column, and where the table is empty by the time it looks again, because
-- the last ones in it were erased, it keeps the old ones. Cards are looked up by their member; it need not know any.
-- To give the column the type that it has takes away what is known by now.
ALTER TABLE card_state ALTER COLUMN card TYPE TEXT;
ALTER TABLE card_state ALTER COLUMN card SET STATISTICS 0;

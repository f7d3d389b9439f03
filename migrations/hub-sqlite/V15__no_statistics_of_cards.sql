-- Nothing here: SQLite keeps no values of a column beside it. The number is PostgreSQL's, so that both engines go on alike.
SELECT 1;

-- ── What the hub looks up with every batch ───────────────────────────────────────────────────

-- Visits that counted, of somebody around some time: each new one is held beside those at other branches.
CREATE INDEX fact_of_visitor ON fact (member, at_ms) WHERE kind = 40 AND counted = 1;

-- Lots that were taken back from somebody.
CREATE INDEX take_back_of_member ON take_back (member);

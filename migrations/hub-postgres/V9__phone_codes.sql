-- The code on a member's own phone: what it is made of, and which step of it a redemption used up.
ALTER TABLE member ADD COLUMN phone_code TEXT;
ALTER TABLE redemption ADD COLUMN code_step BIGINT;

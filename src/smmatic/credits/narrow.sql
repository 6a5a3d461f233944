-- Fewer index entries an order: two keys of two columns each take the place of a number and a second index.
ALTER TABLE credits_idempotency DROP CONSTRAINT credits_idempotency_key;
ALTER TABLE credits_idempotency DROP COLUMN id;
ALTER TABLE credits_idempotency ADD CONSTRAINT credits_idempotency_key PRIMARY KEY (account_id, key);
ALTER TABLE credits_grant_use DROP CONSTRAINT credits_grant_use_pkey;
ALTER TABLE credits_grant_use ADD CONSTRAINT credits_grant_use_pkey PRIMARY KEY (grant_id, id);
-- Rows that are updated in place find room on their own page.
ALTER TABLE credits_account SET (fillfactor = 50);
ALTER TABLE credits_grant SET (fillfactor = 70);
ALTER TABLE credits_charge SET (fillfactor = 85);

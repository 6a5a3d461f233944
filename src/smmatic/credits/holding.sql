-- What holding Credits for orders needs around the hold itself, which `holds.sql` has.
--
-- No foreign key and no index is kept that these functions make needless: the account is locked, its grants are read, the
-- transfer is made here, and nobody else may write the tables. `smmatic prove` looks for rows without their owners.

-- Claims a customer's idempotency key with the answer that the request will have if nothing refuses it. NULL: the key is
-- new and ours until the transaction ends. Otherwise the answer that was given under it, or the refusal of another
-- request under the same key. Waits for a twin in flight.
CREATE FUNCTION credits_idempotency_claim_v2(p_account_id bigint, p_key text, p_request_hash bytea, p_answer jsonb)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_row credits_idempotency;
BEGIN
    INSERT INTO credits_idempotency (account_id, key, request_hash, answer)
    VALUES (p_account_id, p_key, p_request_hash, p_answer) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO STRICT v_row FROM credits_idempotency WHERE account_id = p_account_id AND key = p_key;
    IF v_row.request_hash <> p_request_hash THEN
        RETURN jsonb_build_object('refusal', jsonb_build_object('code', 'idempotency_key_reused'));
    END IF;
    RETURN v_row.answer || jsonb_build_object('replayed', true);
END $$;

-- Puts another answer under a key that this very statement has claimed.
CREATE FUNCTION credits_idempotency_amend_v2(p_account_id bigint, p_key text, p_answer jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE credits_idempotency SET answer = p_answer
    WHERE account_id = p_account_id AND key = p_key AND created_at = statement_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency key % of account % was not claimed here', p_key, p_account_id;
    END IF;
    RETURN p_answer;
END $$;

-- The units that were available after the hold of an order.
CREATE FUNCTION credits_available_after_hold_v1(p_account_id bigint, p_order_id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT available_after FROM credits_transfer
    WHERE order_id = p_order_id AND account_id = p_account_id AND kind = 'hold'
$$;

DROP FUNCTION credits_hold_v1(credits_posting);

-- Holding Credits for orders: one order or ten thousand of one customer on one path. Everything is decided in memory under
-- the account's lock and written at the end with one statement a table, so that a refusal has nothing to undo.
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

-- Holds Credits of one customer for orders that get their charges with it, in the order given. Refused orders are
-- skipped, or, with p_all, nothing is held for any if one is refused. Gives by place what is available after the hold and
-- why an order was refused (NULL: it was not). Locks the account until the transaction ends.
CREATE FUNCTION credits_hold_v2(p_account_id bigint, p_orders bigint[], p_amounts bigint[], p_reasons text[], p_actor text,
                                p_all boolean, OUT availables bigint[], OUT refusals jsonb[], OUT available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    a          credits_account;
    v_count    int := cardinality(p_orders);
    v_now      timestamptz;
    v_recorded bigint;
    v_head     bytea;
    v_version  bigint;
    v_key      text;
    v_id       bigint;
    v_amount   bigint;
    v_need     bigint;
    v_take     bigint;
    v_held     bigint;
    v_ids      bigint[] := '{}';   -- by place: id, version, hash and balances of the transfer; NULL: refused
    v_versions bigint[] := '{}';
    v_hashes   bytea[] := '{}';
    v_helds    bigint[] := '{}';
    v_grants   bigint[];           -- live grants in the order in which they are spent, and what is left of each
    v_left     bigint[];
    v_at       int := 1;
    v_used     bigint[] := '{}';   -- slices taken: grant, place, units
    v_places   int[] := '{}';
    v_units    bigint[] := '{}';
    v_refusal  jsonb;
BEGIN
    availables := '{}';
    SELECT * INTO a FROM credits_account WHERE customer_id = p_account_id FOR NO KEY UPDATE;
    v_now := clock_timestamp();
    IF a.next_expiry <= v_now THEN
        -- Only looked at here: what is refused must leave nothing. Broken below, before anything is held.
        a.available := a.available - (SELECT coalesce(sum(remaining), 0) FROM credits_grant
            WHERE account_id = p_account_id AND open AND expires_at <= v_now);
    END IF;
    IF p_all OR v_count = 1 THEN
        SELECT sum(amount) INTO v_need FROM unnest(p_amounts) AS amount;
        v_refusal := credits_hold_refusal_v1(a.status, a.debt, v_need, coalesce(a.available, 0));
        IF v_refusal IS NOT NULL THEN
            refusals := array_fill(v_refusal, ARRAY[v_count]);
            available_after := coalesce(a.available, 0);
            RETURN;
        END IF;
    END IF;
    IF a.next_expiry <= v_now THEN
        PERFORM credits_break_due_v2(ARRAY[p_account_id], v_now);
        SELECT * INTO a FROM credits_account WHERE customer_id = p_account_id;
        v_now := clock_timestamp();
    END IF;

    SELECT array_agg(g.id), array_agg(g.remaining) INTO v_grants, v_left
    FROM (SELECT id, remaining FROM credits_grant
          WHERE account_id = p_account_id AND open AND (expires_at IS NULL OR expires_at > v_now)
          ORDER BY priority, expires_at NULLS LAST, origin = 'paid', id) g;
    v_recorded := (extract(epoch FROM v_now) * 1000000)::bigint;
    v_head := a.chain_head;
    v_version := a.version;
    v_held := a.held;
    available_after := a.available;
    FOR i IN 1 .. v_count LOOP
        v_amount := p_amounts[i];
        IF v_amount > 0 AND v_amount <= 1000000000000000 AND a.status = 'open' AND a.debt = 0
           AND v_amount <= available_after THEN
            available_after := available_after - v_amount;
            v_held := v_held + v_amount;
            v_version := v_version + 1;
            v_id := nextval('credits_transfer_id_seq');
            v_key := 'hold:order:' || p_orders[i];
            v_head := sha256(v_head || convert_to(json_build_array(
                p_account_id, v_version, 'hold', 'available', 'held', v_amount, v_key, available_after, v_held,
                a.disputed, a.debt, v_recorded, v_recorded, p_actor, p_orders[i], NULL, NULL, NULL, p_reasons[i])::text,
                'UTF8'));
            v_ids := array_append(v_ids, v_id);
            v_versions := array_append(v_versions, v_version);
            v_hashes := array_append(v_hashes, v_head);
            v_helds := array_append(v_helds, v_held);
            availables := array_append(availables, available_after);
            v_need := v_amount;
            LOOP
                v_take := least(v_need, v_left[v_at]);
                IF v_take IS NULL THEN
                    RAISE EXCEPTION 'grants of account % are short by % units: the ledger is broken', p_account_id, v_need;
                END IF;
                v_used := array_append(v_used, v_grants[v_at]);
                v_places := array_append(v_places, i);
                v_units := array_append(v_units, v_take);
                v_left[v_at] := v_left[v_at] - v_take;
                v_need := v_need - v_take;
                EXIT WHEN v_need = 0;
                v_at := v_at + 1;
            END LOOP;
            IF v_left[v_at] = 0 THEN
                v_at := v_at + 1;
            END IF;
        ELSE
            v_refusal := CASE WHEN v_amount > 0 AND v_amount <= 1000000000000000
                THEN credits_hold_refusal_v1(a.status, a.debt, v_amount, coalesce(available_after, 0))
                ELSE jsonb_build_object('code', 'amount_out_of_range', 'amount', v_amount) END;
            refusals := coalesce(refusals, array_fill(NULL::jsonb, ARRAY[v_count]));
            refusals[i] := v_refusal;
            v_ids := array_append(v_ids, NULL);
            v_versions := array_append(v_versions, NULL);
            v_hashes := array_append(v_hashes, NULL);
            v_helds := array_append(v_helds, NULL);
            availables := array_append(availables, NULL);
        END IF;
    END LOOP;
    IF v_version = a.version THEN
        RETURN;  -- every one was refused
    END IF;

    INSERT INTO credits_charge (order_id, account_id, amount)
    SELECT o, p_account_id, m FROM unnest(p_orders, p_amounts, v_ids) AS h(o, m, t) WHERE t IS NOT NULL;
    INSERT INTO credits_transfer (id, account_id, version, kind, debit, credit, amount, business_key, available_after,
        held_after, disputed_after, debt_after, effective_at, recorded_at, actor, order_id, reason, hash)
    SELECT t, p_account_id, v, 'hold', 'available', 'held', m, 'hold:order:' || o, af, hf, a.disputed, a.debt, v_now,
           v_now, p_actor, o, r, h
    FROM unnest(v_ids, v_versions, p_amounts, p_orders, availables, v_helds, p_reasons, v_hashes)
         AS x(t, v, m, o, af, hf, r, h) WHERE t IS NOT NULL;
    INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, amount)
    SELECT g, g, v_ids[n], p_orders[n], -u FROM unnest(v_used, v_places, v_units) AS x(g, n, u);
    UPDATE credits_grant g SET remaining = x.r FROM unnest(v_grants[:v_at], v_left[:v_at]) AS x(i, r)
    WHERE g.id = x.i AND g.remaining <> x.r;
    UPDATE credits_account SET available = available_after, held = v_held, version = v_version, chain_head = v_head
    WHERE customer_id = p_account_id;
END $$;

-- The units that were available after the hold of an order.
CREATE FUNCTION credits_available_after_hold_v1(p_account_id bigint, p_order_id bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT available_after FROM credits_transfer
    WHERE order_id = p_order_id AND account_id = p_account_id AND kind = 'hold'
$$;

DROP FUNCTION credits_hold_v1(credits_posting);

-- Holding, third version. The plans of its statements are made once a connection: with arrays as parameters PostgreSQL
-- takes a plan for an array of one to be cheaper than any other, and would plan anew at every call.

-- Holds Credits of one customer for orders that get their charges with it, in the order given. Refused orders are
-- skipped, or, with p_all, nothing is held for any if one is refused. Gives by place what is available after the hold and
-- why an order was refused (NULL: it was not). Locks the account until the transaction ends.
CREATE FUNCTION credits_hold_v3(p_account_id bigint, p_orders bigint[], p_amounts bigint[], p_reasons text[], p_actor text,
                                p_all boolean, OUT availables bigint[], OUT refusals jsonb[], OUT available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
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
        v_need := p_amounts[1];
        FOR i IN 2 .. v_count LOOP
            v_need := v_need + p_amounts[i];
        END LOOP;
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
    -- One statement a grant, and they are few: joined to the list a generic plan may read the whole table.
    FOR i IN 1 .. least(v_at, cardinality(v_grants)) LOOP
        UPDATE credits_grant SET remaining = v_left[i] WHERE id = v_grants[i] AND remaining <> v_left[i];
    END LOOP;
    UPDATE credits_account SET available = available_after, held = v_held, version = v_version, chain_head = v_head
    WHERE customer_id = p_account_id;
END $$;

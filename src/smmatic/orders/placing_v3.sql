-- Placing, third version: as the second, with plans that are kept and loops in the place of small queries.

-- Places orders of one customer, or says of each why not: idempotency, services and policy still as seen, orders, events,
-- holds. p has customer_id, key, channel, policy_version_id, calendar_version_id, all, services [{id, version, code,
-- terms, grace_minutes, start_hours}] and rows [orders_row]. With `all` nothing is placed if one row is refused.
--
-- Gives {"refusal": {...}} where nothing could be placed for a reason that all rows share, else
-- {"orders": [id | null, ...], "refusals": {"<row from 0>": {"code": ..., facts}}, "charged_units", "available_units"};
-- for a single order {"order", "charged_units", "available_units"} or {"refusal"}. A refusal leaves nothing but its
-- idempotency record. Available units of a replay are those after the holds, read from the ledger.
CREATE FUNCTION orders_place_v3(p jsonb, p_request_hash bytea) RETURNS jsonb
LANGUAGE plpgsql SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_customer bigint := (p ->> 'customer_id')::bigint;
    v_key      text := p ->> 'key';
    v_channel  text := p ->> 'channel';
    v_all      boolean := coalesce((p ->> 'all')::boolean, true);
    v_single   boolean := coalesce((p ->> 'single')::boolean, false);
    v_rows     orders_row[] := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::orders_row, p -> 'rows') r);
    v_row      orders_row;
    v_place    int := 0;
    v_orders   bigint[] := '{}';
    v_services jsonb[] := '{}';
    v_ids      bigint[] := '{}';        -- of the rows that are sent to the ledger
    v_amounts  bigint[] := '{}';
    v_names    text[] := '{}';
    v_codes    text[];
    v_refused  jsonb;                   -- why nothing can be placed
    v_refusals jsonb := '{}';           -- by row
    v_sent     int[] := '{}';           -- rows that are not refused yet
    v_charged  bigint := 0;
    v_files    bigint[];
    v_answer   jsonb;
    v_held     record;
    v_left     bigint;                  -- available after the holds
    v_now      timestamptz;
    v_word     text;
BEGIN
    FOREACH v_row IN ARRAY v_rows LOOP
        v_orders := array_append(v_orders, nextval('orders_order_id_seq'));
        v_charged := v_charged + v_row.amount;
    END LOOP;
    v_answer := credits_idempotency_claim_v2(v_customer, v_key, p_request_hash, orders_answer_v1(
        v_single, v_orders, v_refusals, v_charged));
    IF v_answer IS NOT NULL THEN
        RETURN orders_replay_v1(v_customer, v_answer);
    END IF;

    IF NOT policy_version_stands_v1((p ->> 'policy_version_id')::bigint) THEN
        v_refused := jsonb_build_object('code', 'policy_changed');
    END IF;
    FOR i IN 1 .. jsonb_array_length(p -> 'services') LOOP
        v_services := array_append(v_services, p -> 'services' -> (i - 1));
        v_codes[i] := v_services[i] ->> 'code';
        v_word := catalogue_service_refusal_v1((v_services[i] -> 'id')::bigint, (v_services[i] -> 'version')::int);
        IF v_word IS NOT NULL THEN
            v_refusals := v_refusals || (SELECT jsonb_object_agg(n - 1, jsonb_build_object('code', v_word))
                FROM unnest(v_rows) WITH ORDINALITY AS r(service, q, m, l, k, b, t, u, v, s, f, refusal, n)
                WHERE r.service = i);
        END IF;
    END LOOP;
    IF p ? 'bare' THEN
        NULL;  -- no row has a file and none is refused yet
    ELSE
        v_refusals := v_refusals || orders_row_refusals_v1(v_customer, v_rows);
    END IF;
    IF v_refused IS NULL AND v_refusals <> '{}' AND (v_all OR v_single) THEN
        v_refused := (SELECT value || jsonb_build_object('row', key::int)
                      FROM jsonb_each(v_refusals) ORDER BY key::int LIMIT 1);
        IF v_single THEN
            v_refused := v_refused - 'row';
        END IF;
    END IF;
    IF v_refused IS NULL THEN
        FOREACH v_row IN ARRAY v_rows LOOP
            v_place := v_place + 1;
            IF v_refusals = '{}' OR NOT v_refusals ? (v_place - 1)::text THEN
                v_sent := array_append(v_sent, v_place);
                v_ids := array_append(v_ids, v_orders[v_place]);
                v_amounts := array_append(v_amounts, v_row.amount);
                v_names := array_append(v_names, v_codes[v_row.service]);
            END IF;
        END LOOP;
    END IF;

    IF cardinality(v_sent) > 0 THEN
        v_held := credits_hold_v3(v_customer, v_ids, v_amounts, v_names, 'customer:' || v_customer, v_all);
        v_left := v_held.available_after;
        IF v_held.refusals IS NOT NULL THEN
            IF v_all OR v_single THEN
                v_refused := v_held.refusals[1];
            ELSE
                v_refusals := v_refusals || (SELECT jsonb_object_agg(v_sent[i] - 1, x)
                    FROM unnest(v_held.refusals) WITH ORDINALITY AS u(x, i) WHERE x IS NOT NULL);
            END IF;
        END IF;
    END IF;
    IF v_refused IS NOT NULL THEN
        RETURN credits_idempotency_amend_v2(v_customer, v_key, jsonb_build_object('refusal', v_refused));
    END IF;

    v_now := clock_timestamp();
    INSERT INTO orders_order (id, customer_id, service_id, service_code, terms, policy_version_id, calendar_version_id,
        channel, quantity, amount, link, link_kind, brief, texts, runs, interval_minutes, start_now, placed_at,
        accept_after, start_promised_at)
    SELECT v_orders[n], v_customer, (v_services[r.service] -> 'id')::bigint, v_codes[r.service],
        v_services[r.service] -> 'terms', (p -> 'policy_version_id')::bigint, (p -> 'calendar_version_id')::bigint,
        v_channel, r.quantity, r.amount, r.link, r.link_kind, r.brief, r.texts, r.runs, r.interval_minutes, r.start_now,
        v_now, CASE WHEN r.start_now THEN v_now
                    ELSE v_now + make_interval(mins => (v_services[r.service] -> 'grace_minutes')::int) END,
        v_now + make_interval(hours => (v_services[r.service] -> 'start_hours')::int)
    FROM unnest(v_rows) WITH ORDINALITY AS r(service, quantity, amount, link, link_kind, brief, texts, runs,
        interval_minutes, start_now, files, refusal, n)
    WHERE NOT v_refusals ? (n - 1)::text;
    INSERT INTO orders_event (order_id, kind, status_to, actor_kind, actor_id, facts, notify, at)
    SELECT v_orders[n], 'placed', 'pending', 'customer', v_customer,
        jsonb_build_object('charged_units', r.amount, 'start_now', r.start_now, 'channel', v_channel), true, v_now
    FROM unnest(v_rows) WITH ORDINALITY AS r(service, quantity, amount, link, link_kind, brief, texts, runs,
        interval_minutes, start_now, files, refusal, n)
    WHERE NOT v_refusals ? (n - 1)::text;
    IF NOT p ? 'bare' THEN
        UPDATE orders_file f SET order_id = v_orders[r.n]
        FROM unnest(v_rows) WITH ORDINALITY AS r(service, quantity, amount, link, link_kind, brief, texts, runs,
            interval_minutes, start_now, files, refusal, n)
        WHERE f.id = ANY (r.files) AND NOT v_refusals ? (n - 1)::text;
    END IF;

    IF v_refusals <> '{}' THEN
        SELECT array_agg(CASE WHEN v_refusals ? (n - 1)::text THEN NULL ELSE v_orders[n] END ORDER BY n),
               sum(r.amount) FILTER (WHERE NOT v_refusals ? (n - 1)::text)
        INTO v_orders, v_charged
        FROM unnest(v_rows) WITH ORDINALITY AS r(service, q, amount, l, k, b, t, u, v, s, f, x, n);
        PERFORM credits_idempotency_amend_v2(v_customer, v_key, orders_answer_v1(
            v_single, v_orders, v_refusals, coalesce(v_charged, 0)));
    END IF;
    RETURN orders_answer_v1(v_single, v_orders, v_refusals, coalesce(v_charged, 0))
        || jsonb_build_object('available_units', v_left);
END $$;

DROP FUNCTION orders_place_v2(jsonb, bytea);

-- Placing: one order or ten thousand in one statement and on one path.

CREATE TYPE orders_row AS (
    service          int,      -- place of its service in the request's list, from 1
    quantity         int,
    amount           bigint,
    link             text,
    link_kind        text,
    brief            text,
    texts            text,
    runs             int,
    interval_minutes int,
    start_now        boolean,
    files            bigint[],
    refusal          jsonb     -- refused before it came here; kept with the answers of the others
);

-- Places orders of one customer, or says of each why not: idempotency, services and policy still as seen, orders, events,
-- holds. p has customer_id, key, channel, policy_version_id, calendar_version_id, all, services [{id, version, code,
-- terms, grace_minutes, start_hours}] and rows [orders_row]. With `all` nothing is placed if one row is refused.
--
-- Gives {"refusal": {...}} where nothing could be placed for a reason that all rows share, else
-- {"orders": [id | null, ...], "refusals": {"<row from 0>": {"code": ..., facts}}, "charged_units", "available_units"};
-- for a single order {"order", "charged_units", "available_units"} or {"refusal"}. A refusal leaves nothing but its
-- idempotency record. Available units of a replay are those after the holds, read from the ledger.
CREATE FUNCTION orders_place_v2(p jsonb, p_request_hash bytea) RETURNS jsonb
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_customer bigint := (p ->> 'customer_id')::bigint;
    v_key      text := p ->> 'key';
    v_channel  text := p ->> 'channel';
    v_all      boolean := coalesce((p ->> 'all')::boolean, true);
    v_single   boolean := coalesce((p ->> 'single')::boolean, false);
    v_rows     orders_row[] := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::orders_row, p -> 'rows') r);
    v_count    int := cardinality(v_rows);
    v_orders   bigint[];
    v_services jsonb[] := ARRAY(SELECT jsonb_array_elements(p -> 'services'));
    v_codes    text[];
    v_refused  jsonb;                   -- why nothing can be placed
    v_refusals jsonb := '{}';           -- by row
    v_sent     int[];                   -- rows that are not refused yet
    v_charged  bigint;
    v_files    bigint[];
    v_answer   jsonb;
    v_held     record;
    v_left     bigint;                  -- available after the holds
    v_now      timestamptz;
    v_word     text;
BEGIN
    v_orders := ARRAY(SELECT nextval('orders_order_id_seq') FROM generate_series(1, v_count));
    SELECT sum(r.amount) INTO v_charged FROM unnest(v_rows) r;
    v_answer := credits_idempotency_claim_v2(v_customer, v_key, p_request_hash, orders_answer_v1(
        v_single, v_orders, v_refusals, v_charged));
    IF v_answer IS NOT NULL THEN
        RETURN orders_replay_v1(v_customer, v_answer);
    END IF;

    IF NOT policy_version_stands_v1((p ->> 'policy_version_id')::bigint) THEN
        v_refused := jsonb_build_object('code', 'policy_changed');
    END IF;
    FOR i IN 1 .. cardinality(v_services) LOOP
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
        SELECT array_agg(n) INTO v_sent FROM generate_series(1, v_count) n WHERE NOT v_refusals ? (n - 1)::text;
    END IF;

    IF v_sent IS NOT NULL THEN
        SELECT h.* INTO v_held FROM (
            SELECT array_agg(v_orders[n] ORDER BY n) AS o, array_agg(r.amount ORDER BY n) AS m,
                   array_agg(v_codes[r.service] ORDER BY n) AS c
            FROM unnest(v_rows) WITH ORDINALITY AS r(service, q, amount, l, k, b, t, u, v, s, f, x, n)
            WHERE NOT v_refusals ? (n - 1)::text) s,
            credits_hold_v2(v_customer, s.o, s.m, s.c, 'customer:' || v_customer, v_all) h;
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

-- What is kept under the key and answered: see orders_place_v2.
CREATE FUNCTION orders_answer_v1(p_single boolean, p_orders bigint[], p_refusals jsonb, p_charged bigint) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_single THEN
        RETURN jsonb_build_object('order', p_orders[1], 'charged_units', p_charged);
    END IF;
    RETURN jsonb_build_object('orders', to_jsonb(p_orders), 'refusals', p_refusals, 'charged_units', p_charged);
END $$;

-- The answer that was kept, with the units that were available after its last hold.
CREATE FUNCTION orders_replay_v1(p_customer bigint, p_answer jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_last bigint := p_answer -> 'order';
BEGIN
    IF p_answer ? 'refusal' OR p_answer ? 'available_units' THEN
        RETURN p_answer;  -- those of version 1 had the units with them
    END IF;
    IF v_last IS NULL THEN
        SELECT max(o::bigint) INTO v_last FROM jsonb_array_elements_text(p_answer -> 'orders') o;
    END IF;
    RETURN p_answer || jsonb_build_object('available_units', credits_available_after_hold_v1(p_customer, v_last));
END $$;

-- Rows that were refused before they came, and those whose files are not there: {"<row from 0>": refusal}. Locks the files.
CREATE FUNCTION orders_row_refusals_v1(p_customer bigint, p_rows orders_row[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_refusals jsonb;
    v_there    bigint[];
BEGIN
    v_there := ARRAY(
        SELECT id FROM orders_file
        WHERE id IN (SELECT unnest(r.files) FROM unnest(p_rows) r)
          AND owner_id = p_customer AND order_id IS NULL AND purpose = 'brief'
        ORDER BY id FOR NO KEY UPDATE);
    SELECT jsonb_object_agg(n - 1, coalesce(refusal, jsonb_build_object('code', 'not_found', 'field', 'files')))
    INTO v_refusals
    FROM unnest(p_rows) WITH ORDINALITY AS r(service, q, m, l, k, b, t, u, v, s, files, refusal, n)
    WHERE r.refusal IS NOT NULL OR NOT coalesce(r.files, '{}') <@ v_there
       -- A file belongs to one order: the first row that names it.
       OR EXISTS (SELECT FROM unnest(p_rows) WITH ORDINALITY AS e(service, q, m, l, k, b, t, u, v, s, files, refusal, n)
                  WHERE e.n < r.n AND e.files && r.files);
    RETURN coalesce(v_refusals, '{}');
END $$;

DROP FUNCTION orders_place_v1(jsonb, bytea);

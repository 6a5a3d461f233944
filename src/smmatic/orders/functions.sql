-- Orders: placing in one statement, acceptance in batches, and the transitions that the database allows.

-- Places one order or says why not, as one autocommit statement: idempotency, service and policy still as seen,
-- order, event, hold. Gives {"order": id, "charged_units": ..., "available_units": ..., "replayed": bool} or
-- {"refusal": {"code": ..., facts}}; a refusal leaves nothing but its idempotency record.
CREATE FUNCTION orders_place_v1(p jsonb, p_request_hash bytea) RETURNS jsonb
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_customer bigint := (p ->> 'customer_id')::bigint;
    v_key      text := p ->> 'key';
    v_amount   bigint := (p ->> 'amount')::bigint;
    v_start    boolean := (p ->> 'start_now')::boolean;
    v_answer   jsonb;
    v_order    bigint;
    v_now      timestamptz;
    v_files    bigint[];
    v_posting  credits_posting;
    v_held     record;
BEGIN
    v_answer := credits_idempotency_begin_v1(v_customer, v_key, p_request_hash);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    IF NOT catalogue_service_stands_v1((p ->> 'service_id')::bigint, (p ->> 'service_version')::int) THEN
        v_answer := jsonb_build_object('code', 'terms_changed');
    ELSIF NOT policy_version_stands_v1((p ->> 'policy_version_id')::bigint) THEN
        v_answer := jsonb_build_object('code', 'policy_changed');
    ELSIF jsonb_array_length(p -> 'files') > 0 THEN
        v_files := ARRAY(
            SELECT id FROM orders_file
            WHERE id IN (SELECT jsonb_array_elements_text(p -> 'files')::bigint)
              AND owner_id = v_customer AND order_id IS NULL AND purpose = 'brief'
            ORDER BY id FOR NO KEY UPDATE);
        IF cardinality(v_files) <> jsonb_array_length(p -> 'files') THEN
            v_answer := jsonb_build_object('code', 'not_found', 'field', 'files');
        END IF;
    END IF;
    IF v_answer IS NULL THEN
        v_order := nextval('orders_order_id_seq');
        v_posting.account_id := v_customer;
        v_posting.kind := 'hold';
        v_posting.amount := v_amount;
        v_posting.business_key := 'hold:order:' || v_order;
        v_posting.actor := 'customer:' || v_customer;
        v_posting.order_id := v_order;
        v_posting.reason := p ->> 'service_code';
        SELECT * INTO v_held FROM credits_hold_v1(v_posting);
        v_answer := v_held.refusal;
    END IF;
    IF v_answer IS NOT NULL THEN
        RETURN credits_idempotency_end_v1(v_customer, v_key, jsonb_build_object('refusal', v_answer));
    END IF;

    v_now := clock_timestamp();
    INSERT INTO orders_order (id, customer_id, service_id, service_code, terms, policy_version_id, calendar_version_id,
        channel, quantity, amount, link, link_kind, brief, texts, runs, interval_minutes, start_now, placed_at,
        accept_after, start_promised_at)
    VALUES (v_order, v_customer, (p ->> 'service_id')::bigint, p ->> 'service_code', p -> 'terms',
        (p ->> 'policy_version_id')::bigint, (p ->> 'calendar_version_id')::bigint, p ->> 'channel',
        (p ->> 'quantity')::int, v_amount, p ->> 'link', p ->> 'link_kind', p ->> 'brief', p ->> 'texts',
        (p ->> 'runs')::int, (p ->> 'interval_minutes')::int, v_start, v_now,
        CASE WHEN v_start THEN v_now ELSE v_now + make_interval(mins => (p ->> 'grace_minutes')::int) END,
        v_now + make_interval(hours => (p ->> 'start_hours')::int));
    INSERT INTO orders_event (order_id, kind, status_to, actor_kind, actor_id, facts, notify, at)
    VALUES (v_order, 'placed', 'pending', 'customer', v_customer,
        jsonb_build_object('charged_units', v_amount, 'start_now', v_start, 'channel', p ->> 'channel'), true, v_now);

    IF v_files IS NOT NULL THEN
        UPDATE orders_file SET order_id = v_order WHERE id = ANY (v_files);
    END IF;
    RETURN credits_idempotency_end_v1(v_customer, v_key, jsonb_build_object(
        'order', v_order, 'charged_units', v_amount, 'available_units', v_held.available_after));
END $$;

-- Claims up to p_limit due pending orders that wait for nobody and records it; each is claimed by one caller only.
-- A cancel at the same moment either wins the row or finds it no longer pending.
CREATE FUNCTION orders_accept_v1(p_limit int) RETURNS SETOF bigint
LANGUAGE sql SET search_path = public, pg_temp AS $$
    WITH due AS (
        SELECT id FROM orders_order
        WHERE status = 'pending' AND accept_after <= clock_timestamp() AND waiting_since IS NULL
        ORDER BY accept_after, id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE orders_order o SET status = 'processing', accepted_at = clock_timestamp(), next_check_at = clock_timestamp()
        FROM due WHERE o.id = due.id AND o.status = 'pending' RETURNING o.id
    ), told AS (
        INSERT INTO orders_event (order_id, kind, status_from, status_to, actor_kind, at)
        SELECT id, 'accepted', 'pending', 'processing', 'system', clock_timestamp() FROM moved
    )
    SELECT id FROM moved
$$;

-- Leases up to p_limit orders whose next check is due, for p_seconds of database time. Ended ones among them: whoever
-- delivers may not know yet that the order has ended.
CREATE FUNCTION orders_lease_v1(p_owner text, p_limit int, p_seconds int) RETURNS SETOF bigint
LANGUAGE sql SET search_path = public, pg_temp AS $$
    WITH due AS (
        SELECT id FROM orders_order
        WHERE next_check_at <= clock_timestamp()
          AND (lease_until IS NULL OR lease_until <= clock_timestamp())
        ORDER BY next_check_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE orders_order o SET lease_owner = p_owner, lease_until = clock_timestamp() + make_interval(secs => p_seconds)
    FROM due WHERE o.id = due.id RETURNING o.id
$$;

-- The table of transitions. 'processing | in_progress -> cancelled' is a confirmed stop.
CREATE FUNCTION orders_transition_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND NOT (
        (OLD.status = 'pending' AND NEW.status IN ('processing', 'cancelled', 'rejected'))
        OR (OLD.status = 'processing' AND NEW.status IN ('in_progress', 'rejected', 'completed', 'partial', 'failed'))
        OR (OLD.status = 'in_progress' AND NEW.status IN ('completed', 'partial', 'failed'))
        OR (OLD.status IN ('processing', 'in_progress') AND NEW.status = 'cancelled' AND NEW.stop_status = 'confirmed')
    ) THEN
        RAISE EXCEPTION 'order %: % -> % is not a transition', OLD.id, OLD.status, NEW.status USING ERRCODE = 'SM003';
    END IF;
    IF (NEW.customer_id, NEW.service_id, NEW.terms, NEW.policy_version_id, NEW.calendar_version_id, NEW.quantity,
        NEW.amount, NEW.placed_at) IS DISTINCT FROM
       (OLD.customer_id, OLD.service_id, OLD.terms, OLD.policy_version_id, OLD.calendar_version_id, OLD.quantity,
        OLD.amount, OLD.placed_at) THEN
        RAISE EXCEPTION 'order %: what was agreed at placing never changes', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orders_order_transition BEFORE UPDATE ON orders_order
    FOR EACH ROW EXECUTE FUNCTION orders_transition_v1();

CREATE FUNCTION orders_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER orders_event_append_only BEFORE UPDATE OR DELETE ON orders_event
    FOR EACH ROW EXECUTE FUNCTION orders_append_only_v1();
CREATE TRIGGER orders_event_no_truncate BEFORE TRUNCATE ON orders_event
    FOR EACH STATEMENT EXECUTE FUNCTION orders_append_only_v1();

-- Events since a moment that ask for a mail; inlined into the sweep of the notices.
CREATE FUNCTION orders_notify_v1(p_since timestamptz) RETURNS TABLE (event_id bigint, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT e.id, e.at FROM orders_event e WHERE e.notify AND e.at >= p_since
$$;

-- Closed lists of words. As functions, since a CHECK's expression is read anew for each statement and these are long.
CREATE FUNCTION orders_status_stands_v1(p_status text, p_stop_status text, p_ended_at timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_stop_status IN ('', 'asked', 'confirmed', 'refused', 'too_late', 'unknown')
        AND CASE WHEN p_ended_at IS NULL THEN p_status IN ('pending', 'processing', 'in_progress')
                 ELSE p_status IN ('completed', 'partial', 'failed', 'cancelled', 'rejected') END;
END $$;
ALTER TABLE orders_order ADD CONSTRAINT orders_order_status
    CHECK (orders_status_stands_v1(status, stop_status, ended_at));

CREATE FUNCTION orders_actor_stands_v1(p_actor_kind text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_actor_kind IN ('customer', 'staff', 'system', 'provider');
END $$;
ALTER TABLE orders_event ADD CONSTRAINT orders_event_actor_kind CHECK (orders_actor_stands_v1(actor_kind));

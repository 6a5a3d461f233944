-- The only writers of the ledger. Each runs as the owner of the tables with a fixed search_path; the app's role may
-- execute them and read the tables, nothing else. Amounts are units. A refusal is raised with SQLSTATE 'SM001', the
-- refusal's code as message and its facts as JSON in DETAIL.
--
-- Locks, always in this order: charges, accounts, grants; ids ascending. The lock is a statement of its own; what is
-- read after it is read with a new snapshot (READ COMMITTED).

CREATE TYPE credits_posting AS (
    account_id   bigint,
    kind         text,
    amount       bigint,
    business_key text,         -- unique within the account: the same booking can't be made twice
    actor        text,
    reason       text,
    order_id     bigint,
    case_id      bigint,
    deposit_id   bigint,
    clause       text,
    effective_at timestamptz,  -- NULL: now
    priority     smallint,     -- of a new grant; NULL: 100
    expires_at   timestamptz,  -- of a new grant; NULL: never
    grace        interval      -- life of a slice that returns to an expired grant
);

CREATE FUNCTION credits_refuse_v1(p_code text, p_facts jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = p_code, DETAIL = p_facts::text;
END $$;

-- The bucket that a kind debits, and the one that it credits; NULL for a kind that nobody may book.
CREATE FUNCTION credits_debit_v1(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'deposit' THEN 'issuance' WHEN 'bonus' THEN 'promotion' WHEN 'goodwill' THEN 'goodwill'
        WHEN 'hold' THEN 'available' WHEN 'breakage' THEN 'available' WHEN 'refund' THEN 'refunds'
        WHEN 'release' THEN 'held' WHEN 'capture' THEN 'held' WHEN 'forfeit' THEN 'held'
    END
$$;

CREATE FUNCTION credits_credit_v1(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'deposit' THEN 'available' WHEN 'bonus' THEN 'available' WHEN 'goodwill' THEN 'available'
        WHEN 'release' THEN 'available' WHEN 'refund' THEN 'available' WHEN 'hold' THEN 'held'
        WHEN 'capture' THEN 'revenue' WHEN 'forfeit' THEN 'forfeited' WHEN 'breakage' THEN 'breakage'
    END
$$;

-- What a transfer's hash covers: the previous hash and a JSON array of every column, instants as microseconds.
CREATE FUNCTION credits_transfer_hash_v1(p_previous bytea, p credits_transfer) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(p_previous || convert_to(json_build_array(
        p.account_id, p.version, p.kind, p.debit, p.credit, p.amount, p.business_key,
        p.available_after, p.held_after, p.disputed_after, p.debt_after,
        (extract(epoch FROM p.effective_at) * 1000000)::bigint, (extract(epoch FROM p.recorded_at) * 1000000)::bigint,
        p.actor, p.order_id, p.case_id, p.deposit_id, p.clause, p.reason)::text, 'UTF8'))
$$;

-- Appends one chained transfer to an account that the caller has locked and holds in p_account; gives the account
-- as it is after it. Does not touch charges or grants.
CREATE FUNCTION credits_append_v1(INOUT p_account credits_account, p credits_posting, OUT p_transfer_id bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_debit    text := credits_debit_v1(p.kind);
    v_credit   text := credits_credit_v1(p.kind);
    v_transfer credits_transfer;
BEGIN
    IF v_debit IS NULL THEN
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END IF;
    p_account.available := p_account.available
        + CASE WHEN v_credit = 'available' THEN p.amount ELSE 0 END
        - CASE WHEN v_debit = 'available' THEN p.amount ELSE 0 END;
    p_account.held := p_account.held
        + CASE WHEN v_credit = 'held' THEN p.amount ELSE 0 END
        - CASE WHEN v_debit = 'held' THEN p.amount ELSE 0 END;
    p_account.version := p_account.version + 1;

    v_transfer.id := nextval('credits_transfer_id_seq');
    v_transfer.account_id := p_account.customer_id;
    v_transfer.version := p_account.version;
    v_transfer.kind := p.kind;
    v_transfer.debit := v_debit;
    v_transfer.credit := v_credit;
    v_transfer.amount := p.amount;
    v_transfer.business_key := p.business_key;
    v_transfer.available_after := p_account.available;
    v_transfer.held_after := p_account.held;
    v_transfer.disputed_after := p_account.disputed;
    v_transfer.debt_after := p_account.debt;
    v_transfer.recorded_at := clock_timestamp();
    v_transfer.effective_at := coalesce(p.effective_at, v_transfer.recorded_at);
    v_transfer.actor := p.actor;
    v_transfer.order_id := p.order_id;
    v_transfer.case_id := p.case_id;
    v_transfer.deposit_id := p.deposit_id;
    v_transfer.clause := p.clause;
    v_transfer.reason := coalesce(p.reason, '');
    v_transfer.hash := credits_transfer_hash_v1(p_account.chain_head, v_transfer);
    INSERT INTO credits_transfer VALUES (v_transfer.*);
    p_account.chain_head := v_transfer.hash;
    p_transfer_id := v_transfer.id;
END $$;

-- Takes p.amount from the account's live grants: lowest priority, earliest expiry, bonus before paid, oldest.
CREATE FUNCTION credits_burn_v1(p credits_posting, p_transfer_id bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_grant record;
    v_left  bigint := p.amount;
    v_take  bigint;
BEGIN
    FOR v_grant IN
        SELECT id, remaining FROM credits_grant
        WHERE account_id = p.account_id AND remaining > 0 AND (expires_at IS NULL OR expires_at > p_now)
        ORDER BY priority, expires_at NULLS LAST, origin = 'paid', id
    LOOP
        v_take := least(v_left, v_grant.remaining);
        UPDATE credits_grant SET remaining = remaining - v_take WHERE id = v_grant.id;
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, amount)
        VALUES (v_grant.id, v_grant.id, p_transfer_id, p.order_id, -v_take);
        v_left := v_left - v_take;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'grants of account % are short by % units: the ledger is broken', p.account_id, v_left;
    END IF;
END $$;

-- Gives p.amount back to the slices that the order took, the last taken first. A slice whose grant has expired
-- meanwhile becomes a successor grant that lives for the grace; expiry itself is never edited.
CREATE FUNCTION credits_restore_v1(p credits_posting, p_transfer_id bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_slice record;
    v_left  bigint := p.amount;
    v_give  bigint;
    v_grant bigint;
BEGIN
    FOR v_slice IN
        SELECT g.id, g.origin, g.priority, g.expires_at, taken.outstanding
        FROM (SELECT slice_grant_id, -sum(amount) AS outstanding, min(id) AS first_use FROM credits_grant_use
              WHERE order_id = p.order_id GROUP BY slice_grant_id HAVING sum(amount) < 0) AS taken
        JOIN credits_grant g ON g.id = taken.slice_grant_id
        ORDER BY taken.first_use DESC
    LOOP
        v_give := least(v_left, v_slice.outstanding);
        IF v_slice.expires_at <= p_now THEN
            INSERT INTO credits_grant (account_id, origin, priority, granted, remaining, expires_at, transfer_id,
                                       predecessor_id)
            VALUES (p.account_id, v_slice.origin, v_slice.priority, v_give, v_give,
                    p_now + coalesce(p.grace, interval '0'), p_transfer_id, v_slice.id)
            RETURNING id INTO v_grant;
        ELSE
            UPDATE credits_grant SET remaining = remaining + v_give WHERE id = v_slice.id;
            v_grant := v_slice.id;
        END IF;
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, amount)
        VALUES (v_grant, v_slice.id, p_transfer_id, p.order_id, v_give);
        v_left := v_left - v_give;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'order % took fewer units than are to go back (% short): the ledger is broken', p.order_id, v_left;
    END IF;
END $$;

-- Posts breakage for every grant of a locked account that has expired, so that nothing expired can be spent.
CREATE FUNCTION credits_break_v1(INOUT p_account credits_account, p_now timestamptz)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_grant   record;
    v_posting credits_posting;
    v_done    record;
BEGIN
    FOR v_grant IN
        SELECT id, remaining, expires_at FROM credits_grant
        WHERE account_id = p_account.customer_id AND remaining > 0 AND expires_at <= p_now ORDER BY id
    LOOP
        v_posting := NULL;
        v_posting.account_id := p_account.customer_id;
        v_posting.kind := 'breakage';
        v_posting.amount := v_grant.remaining;
        v_posting.business_key := 'breakage:' || v_grant.id || ':' || p_account.version;
        v_posting.actor := 'system';
        v_posting.reason := 'expired';
        v_posting.effective_at := v_grant.expires_at;
        SELECT * INTO v_done FROM credits_append_v1(p_account, v_posting);
        p_account := v_done.p_account;
        UPDATE credits_grant SET remaining = 0 WHERE id = v_grant.id;
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, amount)
        VALUES (v_grant.id, v_grant.id, v_done.p_transfer_id, NULL, -v_grant.remaining);
    END LOOP;
END $$;

-- Applies one posting to a locked account: charge, transfer, grants.
CREATE FUNCTION credits_apply_v1(INOUT p_account credits_account, p credits_posting, p_now timestamptz,
                                 OUT p_transfer_id bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_done    record;
    v_refusal jsonb;
BEGIN
    IF p.amount IS NULL OR p.amount <= 0 OR p.amount > 1000000000000000 THEN
        PERFORM credits_refuse_v1('amount_out_of_range', jsonb_build_object('amount', p.amount));
    END IF;
    CASE p.kind
    WHEN 'hold' THEN
        v_refusal := credits_hold_refusal_v1(p_account.status, p_account.debt, p.amount, p_account.available);
        IF v_refusal IS NOT NULL THEN
            PERFORM credits_refuse_v1(v_refusal ->> 'code', v_refusal);
        END IF;
        INSERT INTO credits_charge (order_id, account_id, amount) VALUES (p.order_id, p.account_id, p.amount);
    WHEN 'capture' THEN
        UPDATE credits_charge SET captured = captured + p.amount
        WHERE order_id = p.order_id AND account_id = p.account_id;
    WHEN 'forfeit' THEN
        UPDATE credits_charge SET captured = captured + p.amount, forfeited = forfeited + p.amount
        WHERE order_id = p.order_id AND account_id = p.account_id;
    WHEN 'release' THEN
        UPDATE credits_charge SET released = released + p.amount
        WHERE order_id = p.order_id AND account_id = p.account_id;
    WHEN 'refund' THEN
        UPDATE credits_charge SET refunded = refunded + p.amount
        WHERE order_id = p.order_id AND account_id = p.account_id;
    WHEN 'deposit', 'bonus', 'goodwill' THEN
        IF p_account.status = 'closed' THEN
            PERFORM credits_refuse_v1('account_closed', '{}');
        END IF;
    ELSE
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END CASE;
    IF p.kind IN ('capture', 'forfeit', 'release', 'refund') AND NOT FOUND THEN
        RAISE EXCEPTION 'no charge for order % in account %', p.order_id, p.account_id;
    END IF;

    SELECT * INTO v_done FROM credits_append_v1(p_account, p);
    p_account := v_done.p_account;
    p_transfer_id := v_done.p_transfer_id;

    IF p.kind IN ('deposit', 'bonus', 'goodwill') THEN
        WITH made AS (
            INSERT INTO credits_grant (account_id, origin, priority, granted, remaining, expires_at, transfer_id)
            VALUES (p.account_id, CASE p.kind WHEN 'deposit' THEN 'paid' ELSE p.kind END, coalesce(p.priority, 100::smallint),
                    p.amount, p.amount, p.expires_at, p_transfer_id)
            RETURNING id)
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, amount)
        SELECT id, id, p_transfer_id, NULL, p.amount FROM made;
    ELSIF p.kind = 'hold' THEN
        PERFORM credits_burn_v1(p, p_transfer_id, p_now);
    ELSIF p.kind IN ('release', 'refund') THEN
        PERFORM credits_restore_v1(p, p_transfer_id, p_now);
    END IF;
END $$;

-- Why an account may not hold p_amount of p_available units, as {"code": ..., facts}; NULL when it may.
CREATE FUNCTION credits_hold_refusal_v1(p_status text, p_debt bigint, p_amount bigint, p_available bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_status = 'frozen' THEN jsonb_build_object('code', 'account_frozen')
        WHEN p_status = 'closed' THEN jsonb_build_object('code', 'account_closed')
        WHEN p_debt > 0 THEN jsonb_build_object('code', 'account_in_debt', 'debt_units', p_debt)
        WHEN p_available < p_amount THEN jsonb_build_object('code', 'not_enough_credits',
            'needed_units', p_amount, 'available_units', p_available)
    END
$$;

-- Opens a customer's account; does nothing when it is open.
CREATE FUNCTION credits_open_v1(p_account_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO credits_account (customer_id) VALUES (p_account_id) ON CONFLICT DO NOTHING
$$;

-- Holds Credits for one order, or says why not and changes nothing: the same booking as credits_post_v1 makes, for a
-- caller that has to answer a refusal instead of failing with it. Locks the account until the transaction ends.
CREATE FUNCTION credits_hold_v1(p credits_posting, OUT refusal jsonb, OUT available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account credits_account;
    v_expired bigint;
    v_now     timestamptz;
    v_done    record;
BEGIN
    IF p.kind IS DISTINCT FROM 'hold' THEN
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END IF;
    PERFORM 1 FROM credits_account WHERE customer_id = p.account_id FOR NO KEY UPDATE;
    -- Read after the lock: the row that comes with it may carry values from before the wait.
    SELECT * INTO v_account FROM credits_account WHERE customer_id = p.account_id;
    v_now := clock_timestamp();
    SELECT sum(remaining) INTO v_expired FROM credits_grant
    WHERE account_id = p.account_id AND remaining > 0 AND expires_at <= v_now;
    refusal := credits_hold_refusal_v1(v_account.status, v_account.debt, p.amount,
                                       coalesce(v_account.available, 0) - coalesce(v_expired, 0));
    IF refusal IS NOT NULL THEN
        RETURN;
    END IF;
    IF v_expired > 0 THEN
        v_account := credits_break_v1(v_account, v_now);
    END IF;
    SELECT * INTO v_done FROM credits_apply_v1(v_account, p, v_now);
    v_account := v_done.p_account;
    UPDATE credits_account SET available = v_account.available, held = v_account.held,
        version = v_account.version, chain_head = v_account.chain_head
    WHERE customer_id = p.account_id;
    available_after := v_account.available;
END $$;

-- Posts one or many bookings, of one or many customers, in one transaction: all or none. Within an account they
-- are booked in the order given. Returns one row a booking, in the order given.
CREATE FUNCTION credits_post_v1(p_postings credits_posting[])
RETURNS TABLE (place bigint, transfer_id bigint, available_after bigint, held_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account_id bigint;
    v_account    credits_account;
    v_place      bigint;
    v_done       record;
    v_now        timestamptz;
BEGIN
    IF cardinality(p_postings) > 1 OR p_postings[1].kind <> 'hold' THEN
        PERFORM 1 FROM credits_charge
        WHERE order_id IN (SELECT p.order_id FROM unnest(p_postings) p WHERE p.kind <> 'hold')
        ORDER BY order_id FOR NO KEY UPDATE;
    END IF;
    FOR v_account_id IN SELECT DISTINCT p.account_id FROM unnest(p_postings) p ORDER BY 1 LOOP
        PERFORM 1 FROM credits_account WHERE customer_id = v_account_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            PERFORM credits_open_v1(v_account_id);
            PERFORM 1 FROM credits_account WHERE customer_id = v_account_id FOR NO KEY UPDATE;
        END IF;
        SELECT * INTO v_account FROM credits_account WHERE customer_id = v_account_id;
        v_now := clock_timestamp();
        v_account := credits_break_v1(v_account, v_now);
        FOR v_place IN SELECT n FROM generate_subscripts(p_postings, 1) n ORDER BY n LOOP
            CONTINUE WHEN p_postings[v_place].account_id <> v_account_id;
            SELECT * INTO v_done FROM credits_apply_v1(v_account, p_postings[v_place], v_now);
            v_account := v_done.p_account;
            place := v_place;
            transfer_id := v_done.p_transfer_id;
            available_after := v_account.available;
            held_after := v_account.held;
            RETURN NEXT;
        END LOOP;
        UPDATE credits_account SET available = v_account.available, held = v_account.held,
            version = v_account.version, chain_head = v_account.chain_head
        WHERE customer_id = v_account_id;
    END LOOP;
END $$;

-- The same from JSON: an array of objects with the fields of credits_posting.
CREATE FUNCTION credits_post_json_v1(p_postings jsonb)
RETURNS TABLE (place bigint, transfer_id bigint, available_after bigint, held_after bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM credits_post_v1(ARRAY(
        SELECT r FROM jsonb_array_elements(p_postings) WITH ORDINALITY AS e(item, n),
               LATERAL jsonb_populate_record(NULL::credits_posting, e.item) AS r ORDER BY n))
$$;

-- Claims a customer's idempotency key. NULL: the key is new and ours until the transaction ends. Otherwise the answer
-- that was given under it, or the refusal of another request under the same key. Waits for a twin in flight.
CREATE FUNCTION credits_idempotency_begin_v1(p_account_id bigint, p_key text, p_request_hash bytea) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_row credits_idempotency;
BEGIN
    INSERT INTO credits_idempotency (account_id, key, request_hash) VALUES (p_account_id, p_key, p_request_hash)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO STRICT v_row FROM credits_idempotency WHERE account_id = p_account_id AND key = p_key;
    IF v_row.request_hash <> p_request_hash THEN
        RETURN jsonb_build_object('refusal', jsonb_build_object('code', 'idempotency_key_reused'));
    END IF;
    RETURN v_row.answer || jsonb_build_object('replayed', true);
END $$;

-- Keeps the answer under a key that this transaction has claimed. It can be written once.
CREATE FUNCTION credits_idempotency_end_v1(p_account_id bigint, p_key text, p_answer jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE credits_idempotency SET answer = p_answer WHERE account_id = p_account_id AND key = p_key AND answer IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency key % of account % has no claim to close', p_key, p_account_id;
    END IF;
    RETURN p_answer;
END $$;

-- History can't be edited, not even from a console.
CREATE FUNCTION credits_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: book the opposite instead', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER credits_transfer_append_only BEFORE UPDATE OR DELETE ON credits_transfer
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_transfer_no_truncate BEFORE TRUNCATE ON credits_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_grant_use_append_only BEFORE UPDATE OR DELETE ON credits_grant_use
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_grant_use_no_truncate BEFORE TRUNCATE ON credits_grant_use
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_idempotency_no_truncate BEFORE TRUNCATE ON credits_idempotency
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();

-- What was booked for deposits; inlined into the proof of the deposits.
CREATE FUNCTION credits_deposits_v1() RETURNS TABLE (deposit_id bigint, account_id bigint, amount bigint)
LANGUAGE sql STABLE AS $$
    SELECT t.deposit_id, t.account_id, t.amount FROM credits_transfer t
    WHERE t.kind = 'deposit' AND t.deposit_id IS NOT NULL
$$;

-- Closed lists of words. As functions, since a CHECK's expression is read anew for each statement and these are long.
CREATE FUNCTION credits_kind_stands_v1(p_kind text, p_debit text, p_credit text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (p_kind, p_debit, p_credit) IN (
        ('deposit', 'issuance', 'available'), ('bonus', 'promotion', 'available'), ('goodwill', 'goodwill', 'available'),
        ('hold', 'available', 'held'), ('release', 'held', 'available'), ('capture', 'held', 'revenue'),
        ('forfeit', 'held', 'forfeited'), ('refund', 'refunds', 'available'), ('breakage', 'available', 'breakage'),
        ('dispute_freeze', 'available', 'disputed'), ('dispute_restore', 'disputed', 'available'),
        ('dispute_remove', 'disputed', 'disputes'), ('dispute_debt', 'debt', 'disputes'),
        ('debt_repay', 'available', 'debt'), ('adjust_up', 'adjustments', 'available'),
        ('adjust_down', 'available', 'adjustments'));
END $$;
ALTER TABLE credits_transfer ADD CONSTRAINT credits_transfer_kind
    CHECK (credits_kind_stands_v1(kind, debit, credit));

CREATE FUNCTION credits_status_stands_v1(p_status text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_status IN ('open', 'frozen', 'closed');
END $$;
ALTER TABLE credits_account ADD CONSTRAINT credits_account_status CHECK (credits_status_stands_v1(status));

CREATE FUNCTION credits_origin_stands_v1(p_origin text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN p_origin IN ('paid', 'bonus', 'goodwill', 'adjustment');
END $$;
ALTER TABLE credits_grant ADD CONSTRAINT credits_grant_origin CHECK (credits_origin_stands_v1(origin));

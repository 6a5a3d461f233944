-- Every booking but a hold: one or many, of one customer or of many, all or none. Within an account they are booked in the
-- order given. What comes in while a debt is open pays the debt first.
--
-- Locks, always in this order: charges, accounts, grants; ids ascending. An account is read with its lock: a locking read
-- gives the row as it is after the wait.

CREATE FUNCTION credits_debit_v2(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'deposit' THEN 'issuance' WHEN 'bonus' THEN 'promotion' WHEN 'goodwill' THEN 'goodwill'
        WHEN 'hold' THEN 'available' WHEN 'breakage' THEN 'available' WHEN 'refund' THEN 'refunds'
        WHEN 'release' THEN 'held' WHEN 'capture' THEN 'held' WHEN 'forfeit' THEN 'held'
        WHEN 'dispute_freeze' THEN 'available' WHEN 'dispute_restore' THEN 'disputed'
        WHEN 'dispute_remove' THEN 'disputed' WHEN 'dispute_debt' THEN 'debt' WHEN 'debt_repay' THEN 'available'
        WHEN 'adjust_up' THEN 'adjustments' WHEN 'adjust_down' THEN 'available'
    END
$$;

CREATE FUNCTION credits_credit_v2(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_kind
        WHEN 'deposit' THEN 'available' WHEN 'bonus' THEN 'available' WHEN 'goodwill' THEN 'available'
        WHEN 'release' THEN 'available' WHEN 'refund' THEN 'available' WHEN 'hold' THEN 'held'
        WHEN 'capture' THEN 'revenue' WHEN 'forfeit' THEN 'forfeited' WHEN 'breakage' THEN 'breakage'
        WHEN 'dispute_freeze' THEN 'disputed' WHEN 'dispute_restore' THEN 'available'
        WHEN 'dispute_remove' THEN 'disputes' WHEN 'dispute_debt' THEN 'disputes' WHEN 'debt_repay' THEN 'debt'
        WHEN 'adjust_up' THEN 'available' WHEN 'adjust_down' THEN 'adjustments'
    END
$$;

-- Appends one chained transfer to an account that the caller has locked and holds in p_account; gives the account as it
-- is after it. Does not touch charges or grants.
CREATE FUNCTION credits_append_v2(INOUT p_account credits_account, p credits_posting, OUT p_transfer_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_debit     text := credits_debit_v2(p.kind);
    v_credit    text := credits_credit_v2(p.kind);
    v_now       timestamptz := clock_timestamp();
    v_effective timestamptz := coalesce(p.effective_at, v_now);
    v_reason    text := coalesce(p.reason, '');
BEGIN
    IF v_debit IS NULL THEN
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END IF;
    p_account.available := p_account.available + CASE WHEN v_credit = 'available' THEN p.amount
                                                      WHEN v_debit = 'available' THEN -p.amount ELSE 0 END;
    p_account.held := p_account.held + CASE WHEN v_credit = 'held' THEN p.amount
                                            WHEN v_debit = 'held' THEN -p.amount ELSE 0 END;
    p_account.disputed := p_account.disputed + CASE WHEN v_credit = 'disputed' THEN p.amount
                                                    WHEN v_debit = 'disputed' THEN -p.amount ELSE 0 END;
    -- A debt is what the customer owes: debiting it makes it grow.
    p_account.debt := p_account.debt + CASE WHEN v_debit = 'debt' THEN p.amount
                                            WHEN v_credit = 'debt' THEN -p.amount ELSE 0 END;
    p_account.version := p_account.version + 1;
    p_account.chain_head := sha256(p_account.chain_head || convert_to(json_build_array(
        p_account.customer_id, p_account.version, p.kind, v_debit, v_credit, p.amount, p.business_key,
        p_account.available, p_account.held, p_account.disputed, p_account.debt,
        (extract(epoch FROM v_effective) * 1000000)::bigint, (extract(epoch FROM v_now) * 1000000)::bigint,
        p.actor, p.order_id, p.case_id, p.deposit_id, p.clause, v_reason)::text, 'UTF8'));
    INSERT INTO credits_transfer (account_id, version, kind, debit, credit, amount, business_key, available_after,
        held_after, disputed_after, debt_after, effective_at, recorded_at, actor, order_id, case_id, deposit_id, clause,
        reason, hash)
    VALUES (p_account.customer_id, p_account.version, p.kind, v_debit, v_credit, p.amount, p.business_key,
        p_account.available, p_account.held, p_account.disputed, p_account.debt, v_effective, v_now, p.actor,
        p.order_id, p.case_id, p.deposit_id, p.clause, v_reason, p_account.chain_head)
    RETURNING id INTO p_transfer_id;
END $$;

-- Takes p.amount from the account's live grants: lowest priority, earliest expiry, bonus before paid, oldest. A disputed
-- deposit takes from its own grant first, and its slices are marked with it.
CREATE FUNCTION credits_burn_v2(p credits_posting, p_transfer_id bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_grant  record;
    v_left   bigint := p.amount;
    v_take   bigint;
    v_own    bigint := CASE WHEN p.kind = 'dispute_freeze' THEN (
        SELECT t.id FROM credits_transfer t
        WHERE t.account_id = p.account_id AND t.business_key = 'deposit:' || p.deposit_id) END;
BEGIN
    FOR v_grant IN
        SELECT id, remaining FROM credits_grant
        WHERE account_id = p.account_id AND open AND (expires_at IS NULL OR expires_at > p_now)
        ORDER BY transfer_id IS DISTINCT FROM v_own, priority, expires_at NULLS LAST, origin = 'paid', id
    LOOP
        v_take := least(v_left, v_grant.remaining);
        UPDATE credits_grant SET remaining = remaining - v_take WHERE id = v_grant.id;
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, deposit_id, amount)
        VALUES (v_grant.id, v_grant.id, p_transfer_id, p.order_id,
                CASE WHEN p.kind = 'dispute_freeze' THEN p.deposit_id END, -v_take);
        v_left := v_left - v_take;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'grants of account % are short by % units: the ledger is broken', p.account_id, v_left;
    END IF;
END $$;

-- Gives p.amount back to the slices that the order (or the disputed deposit) took, the last taken first. A slice whose
-- grant has expired meanwhile becomes a successor grant that lives for the grace; expiry itself is never edited.
CREATE FUNCTION credits_restore_v2(p credits_posting, p_transfer_id bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_slice  record;
    v_left   bigint := p.amount;
    v_give   bigint;
    v_grant  bigint;
    v_frozen bigint := CASE WHEN p.kind = 'dispute_restore' THEN p.deposit_id END;
BEGIN
    FOR v_slice IN
        SELECT g.id, g.origin, g.priority, g.expires_at, taken.outstanding
        FROM (SELECT slice_grant_id, -sum(amount) AS outstanding, min(id) AS first_use FROM credits_grant_use
              WHERE CASE WHEN v_frozen IS NULL THEN order_id = p.order_id ELSE false END
                 OR CASE WHEN v_frozen IS NOT NULL THEN deposit_id = v_frozen ELSE false END
              GROUP BY slice_grant_id HAVING sum(amount) < 0) AS taken
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
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, deposit_id, amount)
        VALUES (v_grant, v_slice.id, p_transfer_id, p.order_id, v_frozen, v_give);
        v_left := v_left - v_give;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION '% took fewer units than are to go back (% short): the ledger is broken',
            coalesce('deposit ' || v_frozen, 'order ' || p.order_id), v_left;
    END IF;
END $$;

-- Applies one posting to a locked account: charge, transfer, grants, and the debt that what came in pays.
CREATE FUNCTION credits_apply_v2(INOUT p_account credits_account, p credits_posting, p_now timestamptz,
                                 OUT p_transfer_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_done record;
    v_debt credits_posting;
BEGIN
    IF p.amount IS NULL OR p.amount <= 0 OR p.amount > 1000000000000000 THEN
        PERFORM credits_refuse_v1('amount_out_of_range', jsonb_build_object('amount', p.amount));
    END IF;
    CASE
    WHEN p.kind IN ('capture', 'forfeit', 'release', 'refund') THEN
        UPDATE credits_charge SET
            captured = captured + CASE WHEN p.kind IN ('capture', 'forfeit') THEN p.amount ELSE 0 END,
            forfeited = forfeited + CASE WHEN p.kind = 'forfeit' THEN p.amount ELSE 0 END,
            released = released + CASE WHEN p.kind = 'release' THEN p.amount ELSE 0 END,
            refunded = refunded + CASE WHEN p.kind = 'refund' THEN p.amount ELSE 0 END
        WHERE order_id = p.order_id AND account_id = p.account_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no charge for order % in account %', p.order_id, p.account_id;
        END IF;
    WHEN p.kind IN ('deposit', 'bonus', 'goodwill', 'adjust_up') THEN
        IF p_account.status = 'closed' THEN
            PERFORM credits_refuse_v1('account_closed', '{}');
        END IF;
    WHEN p.kind IN ('adjust_down', 'dispute_freeze') THEN
        IF p_account.available < p.amount THEN
            PERFORM credits_refuse_v1('not_enough_credits', jsonb_build_object(
                'needed_units', p.amount, 'available_units', p_account.available));
        END IF;
    WHEN p.kind IN ('dispute_restore', 'dispute_remove', 'dispute_debt') THEN
        IF p.deposit_id IS NULL THEN
            RAISE EXCEPTION 'a dispute is of a deposit';
        END IF;
    ELSE
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END CASE;

    SELECT * INTO v_done FROM credits_append_v2(p_account, p);
    p_account := v_done.p_account;
    p_transfer_id := v_done.p_transfer_id;

    IF p.kind IN ('deposit', 'bonus', 'goodwill', 'adjust_up') THEN
        WITH made AS (
            INSERT INTO credits_grant (account_id, origin, priority, granted, remaining, expires_at, transfer_id)
            VALUES (p.account_id, CASE p.kind WHEN 'deposit' THEN 'paid' WHEN 'adjust_up' THEN 'adjustment' ELSE p.kind END,
                    coalesce(p.priority, 100::smallint), p.amount, p.amount, p.expires_at, p_transfer_id)
            RETURNING id)
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, amount)
        SELECT id, id, p_transfer_id, p.amount FROM made;
    ELSIF p.kind IN ('adjust_down', 'dispute_freeze') THEN
        PERFORM credits_burn_v2(p, p_transfer_id, p_now);
    ELSIF p.kind IN ('release', 'refund', 'dispute_restore') THEN
        PERFORM credits_restore_v2(p, p_transfer_id, p_now);
    END IF;

    IF p_account.debt > 0 AND p_account.available > 0
       AND p.kind IN ('deposit', 'adjust_up', 'release', 'refund', 'dispute_restore') THEN
        v_debt.account_id := p.account_id;
        v_debt.kind := 'debt_repay';
        v_debt.amount := least(p_account.debt, p_account.available);
        v_debt.business_key := 'debt:' || p_transfer_id;
        v_debt.actor := 'system';
        v_debt.reason := p.kind;
        SELECT * INTO v_done FROM credits_append_v2(p_account, v_debt);
        p_account := v_done.p_account;
        PERFORM credits_burn_v2(v_debt, v_done.p_transfer_id, clock_timestamp());
    END IF;
END $$;

-- Posts bookings as said above. Returns one row a booking, in the order given: its transfer and the balances after it
-- (and after the debt that it paid).
CREATE FUNCTION credits_post_v2(p_postings credits_posting[])
RETURNS TABLE (place bigint, transfer_id bigint, available_after bigint, held_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account_id bigint;
    v_account    credits_account;
    v_place      bigint;
    v_done       record;
    v_now        timestamptz;
BEGIN
    PERFORM 1 FROM credits_charge
    WHERE order_id IN (SELECT p.order_id FROM unnest(p_postings) p WHERE p.kind <> 'hold')
    ORDER BY order_id FOR NO KEY UPDATE;
    FOR v_account_id IN SELECT DISTINCT p.account_id FROM unnest(p_postings) p ORDER BY 1 LOOP
        v_account := credits_locked_v2(v_account_id);
        v_now := clock_timestamp();
        FOR v_place IN SELECT n FROM generate_subscripts(p_postings, 1) n ORDER BY n LOOP
            CONTINUE WHEN p_postings[v_place].account_id <> v_account_id;
            IF p_postings[v_place].kind = 'hold' THEN
                -- Placing holds by credits_hold_v2; a hold among other bookings goes the same way.
                UPDATE credits_account SET available = v_account.available, held = v_account.held,
                    disputed = v_account.disputed, debt = v_account.debt, version = v_account.version,
                    chain_head = v_account.chain_head
                WHERE customer_id = v_account_id;
                SELECT * INTO v_done FROM credits_hold_v2(v_account_id, ARRAY[p_postings[v_place].order_id],
                    ARRAY[p_postings[v_place].amount], ARRAY[coalesce(p_postings[v_place].reason, '')],
                    p_postings[v_place].actor, true);
                IF v_done.refusals IS NOT NULL THEN
                    PERFORM credits_refuse_v1(v_done.refusals[1] ->> 'code', v_done.refusals[1]);
                END IF;
                SELECT * INTO v_account FROM credits_account WHERE customer_id = v_account_id;
                SELECT t.id INTO transfer_id FROM credits_transfer t
                WHERE t.account_id = v_account_id AND t.version = v_account.version;
            ELSE
                SELECT * INTO v_done FROM credits_apply_v2(v_account, p_postings[v_place], v_now);
                v_account := v_done.p_account;
                transfer_id := v_done.p_transfer_id;
            END IF;
            place := v_place;
            available_after := v_account.available;
            held_after := v_account.held;
            RETURN NEXT;
        END LOOP;
        UPDATE credits_account SET available = v_account.available, held = v_account.held,
            disputed = v_account.disputed, debt = v_account.debt, version = v_account.version,
            chain_head = v_account.chain_head
        WHERE customer_id = v_account_id;
    END LOOP;
END $$;

-- The same from JSON: an array of objects with the fields of credits_posting.
CREATE FUNCTION credits_post_json_v2(p_postings jsonb)
RETURNS TABLE (place bigint, transfer_id bigint, available_after bigint, held_after bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM credits_post_v2(ARRAY(
        SELECT r FROM jsonb_array_elements(p_postings) WITH ORDINALITY AS e(item, n),
               LATERAL jsonb_populate_record(NULL::credits_posting, e.item) AS r ORDER BY n))
$$;

-- Locks an account, made if it is not there, and gives it with what has expired broken.
CREATE FUNCTION credits_locked_v2(p_account_id bigint) RETURNS credits_account
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account credits_account;
BEGIN
    SELECT * INTO v_account FROM credits_account WHERE customer_id = p_account_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM credits_open_v1(p_account_id);
        SELECT * INTO v_account FROM credits_account WHERE customer_id = p_account_id FOR NO KEY UPDATE;
    END IF;
    IF v_account.next_expiry <= clock_timestamp() THEN
        PERFORM credits_break_due_v2(ARRAY[p_account_id], clock_timestamp());
        SELECT * INTO v_account FROM credits_account WHERE customer_id = p_account_id;
    END IF;
    RETURN v_account;
END $$;

-- Gives a locked account another status; whether it had another one. A closed account keeps its Credits: they are never
-- paid out and never moved.
CREATE FUNCTION credits_status_v2(p_account_id bigint, p_status text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE credits_account SET status = p_status WHERE customer_id = p_account_id AND status <> p_status;
    RETURN FOUND;
END $$;

-- A request for a second person: its intent is never changed, and its end is written once, by somebody else.
CREATE FUNCTION credits_approval_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'asked' OR NEW.state = 'asked'
       OR (NEW.customer_id, NEW.kind, NEW.units, NEW.days, NEW.reason, NEW.asked_by_id, NEW.asked_at, NEW.order_id)
          IS DISTINCT FROM
          (OLD.customer_id, OLD.kind, OLD.units, OLD.days, OLD.reason, OLD.asked_by_id, OLD.asked_at, OLD.order_id) THEN
        RAISE EXCEPTION 'approval % can not be changed like this', OLD.id USING ERRCODE = 'SM002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER credits_approval_once BEFORE UPDATE ON credits_approval
    FOR EACH ROW EXECUTE FUNCTION credits_approval_v1();
CREATE TRIGGER credits_approval_kept BEFORE DELETE ON credits_approval
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_account_event_append_only BEFORE UPDATE OR DELETE ON credits_account_event
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_account_event_no_truncate BEFORE TRUNCATE ON credits_account_event
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_proof_append_only BEFORE UPDATE OR DELETE ON credits_proof
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_proof_no_truncate BEFORE TRUNCATE ON credits_proof
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();

DROP FUNCTION credits_post_json_v1(jsonb);
DROP FUNCTION credits_post_v1(credits_posting[]);
DROP FUNCTION credits_apply_v1(credits_account, credits_posting, timestamptz);
DROP FUNCTION credits_break_v1(credits_account, timestamptz);
DROP FUNCTION credits_burn_v1(credits_posting, bigint, timestamptz);
DROP FUNCTION credits_restore_v1(credits_posting, bigint, timestamptz);
DROP FUNCTION credits_append_v1(credits_account, credits_posting);
DROP FUNCTION credits_debit_v1(text);
DROP FUNCTION credits_credit_v1(text);

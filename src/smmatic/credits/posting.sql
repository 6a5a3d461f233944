-- What every booking but a hold needs: the buckets of a kind, spending grants, locking an account, its status; and what a
-- second person decides. `settling.sql` books with it.

-- The bucket that a kind debits, and the one that it credits; NULL for a kind that nobody may book.
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

-- Posting, third version: every booking but the placing of orders, one or ten thousand of any number of customers, all or
-- none. Within an account they are booked in the order given. What comes in while a debt is open pays the debt first.
--
-- Everything is decided in memory under the locks and written with one statement a table. Only what takes from grants
-- (a correction downwards, a frozen deposit, a paid debt, a hold) needs what came before it written first.
--
-- Locks, always in this order: charges, accounts, grants; ids ascending. An account is read with its lock: a locking read
-- gives the row as it is after the wait.

-- The transfer that a posting makes in an account, chained to the one before it, and the account as it is after it.
-- Writes nothing.
CREATE FUNCTION credits_chained_v3(INOUT p_account credits_account, p credits_posting, p_now timestamptz,
                                   OUT p_row credits_transfer)
LANGUAGE plpgsql AS $$
DECLARE
    v_effective timestamptz := coalesce(p.effective_at, p_now);
BEGIN
    p_row.debit := credits_debit_v2(p.kind);
    p_row.credit := credits_credit_v2(p.kind);
    IF p_row.debit IS NULL THEN
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END IF;
    IF p_row.credit = 'available' THEN
        p_account.available := p_account.available + p.amount;
    ELSIF p_row.debit = 'available' THEN
        p_account.available := p_account.available - p.amount;
    END IF;
    IF p_row.debit = 'held' THEN
        p_account.held := p_account.held - p.amount;
    END IF;
    IF p_row.credit = 'disputed' THEN
        p_account.disputed := p_account.disputed + p.amount;
    ELSIF p_row.debit = 'disputed' THEN
        p_account.disputed := p_account.disputed - p.amount;
    END IF;
    IF p_row.debit = 'debt' THEN  -- what the customer owes: debiting it makes it grow
        p_account.debt := p_account.debt + p.amount;
    ELSIF p_row.credit = 'debt' THEN
        p_account.debt := p_account.debt - p.amount;
    END IF;
    p_account.version := p_account.version + 1;
    p_row.id := nextval('credits_transfer_id_seq');
    p_row.account_id := p_account.customer_id;
    p_row.version := p_account.version;
    p_row.kind := p.kind;
    p_row.amount := p.amount;
    p_row.business_key := p.business_key;
    p_row.available_after := p_account.available;
    p_row.held_after := p_account.held;
    p_row.disputed_after := p_account.disputed;
    p_row.debt_after := p_account.debt;
    p_row.effective_at := v_effective;
    p_row.recorded_at := p_now;
    p_row.actor := p.actor;
    p_row.order_id := p.order_id;
    p_row.case_id := p.case_id;
    p_row.deposit_id := p.deposit_id;
    p_row.clause := p.clause;
    p_row.reason := coalesce(p.reason, '');
    p_account.chain_head := sha256(p_account.chain_head || convert_to(json_build_array(
        p_account.customer_id, p_account.version, p.kind, p_row.debit, p_row.credit, p.amount, p.business_key,
        p_account.available, p_account.held, p_account.disputed, p_account.debt,
        (extract(epoch FROM v_effective) * 1000000)::bigint, (extract(epoch FROM p_now) * 1000000)::bigint,
        p.actor, p.order_id, p.case_id, p.deposit_id, p.clause, p_row.reason)::text, 'UTF8'));
    p_row.hash := p_account.chain_head;
END $$;

-- Writes chained transfers of locked accounts, in the order of their versions, and what belongs to them: charges, new
-- grants, slices that return, balances. p_made has the posting of each.
CREATE FUNCTION credits_write_v3(p_rows credits_transfer[], p_made credits_posting[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_kinds   text[] := ARRAY(SELECT DISTINCT kind FROM unnest(p_rows));
    v_missing bigint;
BEGIN
    IF v_kinds && ARRAY['capture', 'forfeit', 'release', 'refund'] THEN
        WITH moved AS (
            SELECT order_id, account_id, sum(amount) FILTER (WHERE kind IN ('capture', 'forfeit')) AS captured,
                sum(amount) FILTER (WHERE kind = 'forfeit') AS forfeited,
                sum(amount) FILTER (WHERE kind = 'release') AS released,
                sum(amount) FILTER (WHERE kind = 'refund') AS refunded
            FROM unnest(p_rows) WHERE kind IN ('capture', 'forfeit', 'release', 'refund')
            GROUP BY order_id, account_id
        ), written AS (
            UPDATE credits_charge c SET captured = c.captured + coalesce(m.captured, 0),
                forfeited = c.forfeited + coalesce(m.forfeited, 0), released = c.released + coalesce(m.released, 0),
                refunded = c.refunded + coalesce(m.refunded, 0)
            FROM moved m WHERE c.order_id = m.order_id AND c.account_id = m.account_id
            RETURNING c.order_id
        )
        SELECT min(m.order_id) INTO v_missing FROM moved m
        WHERE (SELECT count(*) FROM written) < (SELECT count(*) FROM moved)
          AND m.order_id NOT IN (SELECT order_id FROM written);
        IF v_missing IS NOT NULL THEN
            RAISE EXCEPTION 'no charge for order % in the account that was named', v_missing;
        END IF;
    END IF;
    INSERT INTO credits_transfer SELECT r.* FROM unnest(p_rows) r;
    IF v_kinds && ARRAY['deposit', 'bonus', 'goodwill', 'adjust_up'] THEN
        WITH made AS (
            SELECT nextval('credits_grant_id_seq') AS id, r, m
            FROM (SELECT unnest(p_rows) AS r, unnest(p_made) AS m) x
            WHERE (r).kind IN ('deposit', 'bonus', 'goodwill', 'adjust_up')
        ), born AS (
            INSERT INTO credits_grant (id, account_id, origin, priority, granted, remaining, expires_at, transfer_id)
            SELECT id, (r).account_id,
                CASE (r).kind WHEN 'deposit' THEN 'paid' WHEN 'adjust_up' THEN 'adjustment' ELSE (r).kind END,
                coalesce((m).priority, 100::smallint), (r).amount, (r).amount, (m).expires_at, (r).id FROM made
        )
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, amount)
        SELECT id, id, (r).id, (r).amount FROM made;
    END IF;
    IF v_kinds && ARRAY['release', 'refund', 'dispute_restore'] THEN
        PERFORM credits_restore_v3(p_rows, p_made, p_now);
    END IF;
    UPDATE credits_account a SET available = x.available_after, held = x.held_after, disputed = x.disputed_after,
        debt = x.debt_after, version = x.version, chain_head = x.hash
    FROM (SELECT DISTINCT ON (account_id) * FROM unnest(p_rows) ORDER BY account_id, version DESC) x
    WHERE a.customer_id = x.account_id;
END $$;

-- Gives what releases, refunds and restored deposits bring back to the slices that the order (or the disputed deposit)
-- took, the last taken first: both are laid end to end, and each overlap is a use. A slice whose grant has expired
-- meanwhile becomes a successor grant that lives for the grace; expiry itself is never edited.
CREATE FUNCTION credits_restore_v3(p_rows credits_transfer[], p_made credits_posting[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_short record;
BEGIN
    WITH back AS MATERIALIZED (
        SELECT id, account_id, order_id, frozen, amount, grace, sum(amount) OVER w - amount AS low, sum(amount) OVER w AS high
        FROM (SELECT (r).id, (r).account_id, (r).version, (r).amount, (m).grace,
                CASE WHEN (r).kind <> 'dispute_restore' THEN (r).order_id END AS order_id,
                CASE WHEN (r).kind = 'dispute_restore' THEN (r).deposit_id END AS frozen
              FROM (SELECT unnest(p_rows) AS r, unnest(p_made) AS m) x
              WHERE (r).kind IN ('release', 'refund', 'dispute_restore')) y
        WINDOW w AS (PARTITION BY order_id, frozen ORDER BY version)
    ), given AS MATERIALIZED (
        SELECT b.id AS transfer_id, b.account_id, b.order_id, b.frozen, b.grace, g.id AS slice_id, g.origin, g.priority,
            CASE WHEN g.expires_at <= p_now THEN nextval('credits_grant_id_seq') ELSE g.id END AS grant_id,
            (least(s.high, b.high) - greatest(s.low, b.low))::bigint AS units
        FROM back b CROSS JOIN LATERAL (
            SELECT grant_id, sum(outstanding) OVER o - outstanding AS low, sum(outstanding) OVER o AS high
            FROM (SELECT slice_grant_id AS grant_id, -sum(amount) AS outstanding, min(u.id) AS first_use
                  FROM credits_grant_use u WHERE u.order_id = b.order_id GROUP BY 1 HAVING sum(amount) < 0
                  UNION ALL
                  SELECT slice_grant_id, -sum(amount), min(u.id)
                  FROM credits_grant_use u WHERE u.deposit_id = b.frozen GROUP BY 1 HAVING sum(amount) < 0) taken
            WINDOW o AS (ORDER BY first_use DESC)
        ) s JOIN credits_grant g ON g.id = s.grant_id
        WHERE s.low < b.high AND s.high > b.low
    ), born AS (
        INSERT INTO credits_grant (id, account_id, origin, priority, granted, remaining, expires_at, transfer_id,
                                   predecessor_id)
        SELECT grant_id, account_id, origin, priority, units, units, p_now + coalesce(grace, interval '0'), transfer_id,
            slice_id
        FROM given WHERE grant_id <> slice_id
    ), filled AS (
        UPDATE credits_grant g SET remaining = g.remaining + x.units
        FROM (SELECT grant_id, sum(units)::bigint AS units FROM given WHERE grant_id = slice_id GROUP BY 1) x
        WHERE g.id = x.grant_id
    ), used AS (
        INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, order_id, deposit_id, amount)
        SELECT grant_id, slice_id, transfer_id, order_id, frozen, units FROM given
    )
    SELECT transfer_id, sum(units) AS units INTO v_short
    FROM (SELECT id AS transfer_id, amount AS units FROM back UNION ALL SELECT transfer_id, -units FROM given) x
    GROUP BY transfer_id HAVING sum(units) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% took fewer units than are to go back (% short): the ledger is broken', (
            SELECT CASE WHEN kind = 'dispute_restore' THEN 'deposit ' || deposit_id ELSE 'order ' || order_id END
            FROM unnest(p_rows) WHERE id = v_short.transfer_id), v_short.units;
    END IF;
END $$;

-- Why a posting that is no hold may not be booked in this account; nothing when it may.
CREATE FUNCTION credits_may_post_v3(a credits_account, p credits_posting) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p.amount IS NULL OR p.amount <= 0 OR p.amount > 1000000000000000 THEN
        PERFORM credits_refuse_v1('amount_out_of_range', jsonb_build_object('amount', p.amount));
    END IF;
    CASE
    WHEN p.kind IN ('capture', 'forfeit', 'release', 'refund') THEN
        IF p.order_id IS NULL THEN
            RAISE EXCEPTION 'a % is of an order', p.kind;
        END IF;
    WHEN p.kind IN ('deposit', 'bonus', 'goodwill', 'adjust_up') THEN
        IF a.status = 'closed' THEN
            PERFORM credits_refuse_v1('account_closed', '{}');
        END IF;
    WHEN p.kind IN ('adjust_down', 'dispute_freeze') THEN
        IF a.available < p.amount THEN
            PERFORM credits_refuse_v1('not_enough_credits', jsonb_build_object(
                'needed_units', p.amount, 'available_units', a.available));
        END IF;
    WHEN p.kind IN ('dispute_restore', 'dispute_remove', 'dispute_debt') THEN
        IF p.deposit_id IS NULL THEN
            RAISE EXCEPTION 'a dispute is of a deposit';
        END IF;
    ELSE
        PERFORM credits_refuse_v1('credits_stay_inside', jsonb_build_object('kind', p.kind));
    END CASE;
END $$;

-- Posts bookings as said above, from a JSON array of objects with the fields of credits_posting. Returns one row a
-- booking, in the order given: its transfer and the balances after it (and after the debt that it paid).
CREATE FUNCTION credits_post_v3(p jsonb)
RETURNS TABLE (place bigint, transfer_id bigint, available_after bigint, held_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
-- What is joined to a list of ours is looked up by its key, however long the table has become.
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_all      credits_posting[] := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::credits_posting, p) r);
    v_ids      bigint[] := ARRAY(SELECT DISTINCT account_id FROM unnest(v_all) ORDER BY 1);
    v_orders   bigint[] := ARRAY(SELECT DISTINCT order_id FROM unnest(v_all)
                                 WHERE kind IN ('capture', 'forfeit', 'release', 'refund'));
    v_accounts credits_account[];
    v_at       int := 0;
    a          credits_account;
    v          credits_posting;
    v_debt     credits_posting;
    v_now      timestamptz;
    v_done     record;
    v_rows     credits_transfer[] := '{}';  -- not written yet, and the posting of each
    v_made     credits_posting[] := '{}';
    v_back     bigint[] := '{}';            -- orders of this account with a refund that is not written yet
BEGIN
    PERFORM 1 FROM credits_charge WHERE order_id = ANY (v_orders) ORDER BY order_id FOR NO KEY UPDATE;
    v_accounts := credits_locked_v3(v_ids);
    v_now := clock_timestamp();
    FOR place IN SELECT n FROM generate_subscripts(v_all, 1) n ORDER BY v_all[n].account_id, n LOOP
        v := v_all[place];
        IF v.account_id IS DISTINCT FROM a.customer_id THEN
            v_at := v_at + 1;
            a := v_accounts[v_at];
            v_back := '{}';
        END IF;
        IF v.kind = 'hold' OR v.kind IN ('capture', 'forfeit') AND v.order_id = ANY (v_back) THEN
            -- A hold reads what came before it; a refund may not lean on a capture that comes after it.
            PERFORM credits_write_v3(v_rows, v_made, v_now);
            v_rows := '{}';
            v_made := '{}';
            v_back := '{}';
        END IF;
        IF v.kind = 'hold' THEN
            v_done := credits_hold_v3(v.account_id, ARRAY[v.order_id], ARRAY[v.amount], ARRAY[coalesce(v.reason, '')],
                                      v.actor, true);
            IF v_done.refusals IS NOT NULL THEN
                PERFORM credits_refuse_v1(v_done.refusals[1] ->> 'code', v_done.refusals[1]);
            END IF;
            SELECT * INTO a FROM credits_account WHERE customer_id = v.account_id;
            SELECT t.id INTO transfer_id FROM credits_transfer t WHERE t.account_id = v.account_id AND t.version = a.version;
            v_now := clock_timestamp();
        ELSE
            PERFORM credits_may_post_v3(a, v);
            v_done := credits_chained_v3(a, v, v_now);
            a := v_done.p_account;
            transfer_id := (v_done.p_row).id;
            v_rows := array_append(v_rows, v_done.p_row);
            v_made := array_append(v_made, v);
            IF v.kind = 'refund' THEN
                v_back := array_append(v_back, v.order_id);
            END IF;
            v_debt := NULL;
            IF a.debt > 0 AND a.available > 0
               AND v.kind IN ('deposit', 'adjust_up', 'release', 'refund', 'dispute_restore') THEN
                v_debt.account_id := v.account_id;
                v_debt.kind := 'debt_repay';
                v_debt.amount := least(a.debt, a.available);
                v_debt.business_key := 'debt:' || transfer_id;
                v_debt.actor := 'system';
                v_debt.reason := v.kind;
                v_done := credits_chained_v3(a, v_debt, v_now);
                a := v_done.p_account;
                v_rows := array_append(v_rows, v_done.p_row);
                v_made := array_append(v_made, v_debt);
            ELSIF v.kind IN ('adjust_down', 'dispute_freeze') THEN
                v_debt := v;
            END IF;
            IF v_debt.kind IS NOT NULL THEN
                PERFORM credits_write_v3(v_rows, v_made, v_now);
                PERFORM credits_burn_v2(v_debt, (v_done.p_row).id, v_now);
                v_rows := '{}';
                v_made := '{}';
                v_back := '{}';
            END IF;
        END IF;
        available_after := a.available;
        held_after := a.held;
        RETURN NEXT;
    END LOOP;
    PERFORM credits_write_v3(v_rows, v_made, v_now);
END $$;

-- Locks accounts, made if they are not there, and gives them, ids ascending, with what has expired broken.
CREATE FUNCTION credits_locked_v3(p_ids bigint[]) RETURNS credits_account[] LANGUAGE plpgsql AS $$
DECLARE
    v_accounts credits_account[];
    v_due      bigint[];
BEGIN
    v_accounts := ARRAY(SELECT a FROM credits_account a WHERE customer_id = ANY (p_ids)
                        ORDER BY customer_id FOR NO KEY UPDATE);
    IF cardinality(v_accounts) < cardinality(p_ids) THEN
        PERFORM credits_open_v1(id) FROM unnest(p_ids) id ORDER BY id;
        RETURN credits_locked_v3(p_ids);
    END IF;
    v_due := ARRAY(SELECT customer_id FROM unnest(v_accounts) WHERE next_expiry <= clock_timestamp());
    IF v_due <> '{}' THEN
        PERFORM credits_break_due_v2(v_due, clock_timestamp());
        v_accounts := ARRAY(SELECT a FROM credits_account a WHERE customer_id = ANY (p_ids) ORDER BY customer_id);
    END IF;
    RETURN v_accounts;
END $$;

DROP FUNCTION IF EXISTS credits_post_json_v2(jsonb);
DROP FUNCTION IF EXISTS credits_post_v2(credits_posting[]);
DROP FUNCTION IF EXISTS credits_apply_v2(credits_account, credits_posting, timestamptz);
DROP FUNCTION IF EXISTS credits_restore_v2(credits_posting, bigint, timestamptz);
DROP FUNCTION IF EXISTS credits_append_v2(credits_account, credits_posting);
DROP FUNCTION IF EXISTS credits_hold_v2(bigint, bigint[], bigint[], text[], text, boolean);

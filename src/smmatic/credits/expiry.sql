-- Expiry: what is left of a grant when its time has come is posted as breakage, for many accounts in one call.

-- Breaks the expired grants of these accounts, which the caller has locked, and moves their next_expiry on; how many
-- grants were broken.
CREATE FUNCTION credits_break_due_v2(p_accounts bigint[], p_now timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_grant    record;
    v_account  bigint;
    v_version  bigint;
    v_head     bytea;
    v_left     bigint;
    v_now      bigint := (extract(epoch FROM p_now) * 1000000)::bigint;
    v_grants   bigint[] := '{}';
    v_ids      bigint[] := '{}';
    v_versions bigint[] := '{}';
    v_lefts    bigint[] := '{}';
    v_hashes   bytea[] := '{}';
BEGIN
    FOR v_grant IN
        SELECT g.id, g.account_id, g.remaining, g.expires_at, a.version, a.chain_head, a.available, a.held, a.disputed,
               a.debt
        FROM credits_grant g JOIN credits_account a ON a.customer_id = g.account_id
        WHERE g.account_id = ANY (p_accounts) AND g.open AND g.expires_at <= p_now
        ORDER BY g.account_id, g.id
    LOOP
        IF v_account IS DISTINCT FROM v_grant.account_id THEN
            v_account := v_grant.account_id;
            v_version := v_grant.version;
            v_head := v_grant.chain_head;
            v_left := v_grant.available;
        END IF;
        v_left := v_left - v_grant.remaining;
        v_head := sha256(v_head || convert_to(json_build_array(
            v_account, v_version + 1, 'breakage', 'available', 'breakage', v_grant.remaining,
            'breakage:' || v_grant.id || ':' || v_version, v_left, v_grant.held, v_grant.disputed, v_grant.debt,
            (extract(epoch FROM v_grant.expires_at) * 1000000)::bigint, v_now, 'system', NULL, NULL, NULL, NULL,
            'expired')::text, 'UTF8'));
        v_version := v_version + 1;
        v_grants := array_append(v_grants, v_grant.id);
        v_ids := array_append(v_ids, nextval('credits_transfer_id_seq'));
        v_versions := array_append(v_versions, v_version);
        v_lefts := array_append(v_lefts, v_left);
        v_hashes := array_append(v_hashes, v_head);
    END LOOP;

    INSERT INTO credits_transfer (id, account_id, version, kind, debit, credit, amount, business_key, available_after,
        held_after, disputed_after, debt_after, effective_at, recorded_at, actor, reason, hash)
    SELECT x.id, g.account_id, x.version, 'breakage', 'available', 'breakage', g.remaining,
        'breakage:' || g.id || ':' || x.version - 1, x.available, a.held, a.disputed, a.debt, g.expires_at, p_now, 'system',
        'expired', x.hash
    FROM unnest(v_grants, v_ids, v_versions, v_lefts, v_hashes) AS x(grant_id, id, version, available, hash)
    JOIN credits_grant g ON g.id = x.grant_id JOIN credits_account a ON a.customer_id = g.account_id;
    INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, amount)
    SELECT g.id, g.id, x.id, -g.remaining
    FROM unnest(v_grants, v_ids) AS x(grant_id, id) JOIN credits_grant g ON g.id = x.grant_id;
    UPDATE credits_grant SET remaining = 0 WHERE id = ANY (v_grants);
    UPDATE credits_account a
    SET available = coalesce(x.available, a.available), version = coalesce(x.version, a.version),
        chain_head = coalesce(x.hash, a.chain_head),
        next_expiry = (SELECT min(g.expires_at) FROM credits_grant g WHERE g.account_id = a.customer_id AND g.open)
    FROM unnest(p_accounts) AS p(id) LEFT JOIN (
        SELECT DISTINCT ON (t.account_id) t.account_id, t.version, t.available_after AS available, t.hash
        FROM unnest(v_ids) AS v(id) JOIN credits_transfer t ON t.id = v.id ORDER BY t.account_id, t.version DESC
    ) x ON x.account_id = p.id
    WHERE a.customer_id = p.id;
    RETURN cardinality(v_grants);
END $$;

-- Breaks what has expired in up to p_limit accounts that nobody works on; how many grants were broken. The sweeper calls
-- it; an account that is posted to meanwhile breaks its own first.
CREATE FUNCTION credits_expire_v2(p_limit int, OUT accounts int, OUT grants int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_accounts bigint[];
BEGIN
    v_accounts := ARRAY(
        SELECT customer_id FROM credits_account WHERE next_expiry <= clock_timestamp()
        ORDER BY next_expiry LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED);
    accounts := cardinality(v_accounts);
    grants := CASE WHEN accounts > 0 THEN credits_break_due_v2(v_accounts, clock_timestamp()) ELSE 0 END;
END $$;

-- Keeps an account's next_expiry at or before the first expiry of its open grants, whoever writes the grant.
CREATE FUNCTION credits_expiry_noted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credits_account SET next_expiry = NEW.expires_at
    WHERE customer_id = NEW.account_id AND (next_expiry IS NULL OR next_expiry > NEW.expires_at);
    RETURN NULL;
END $$;

CREATE TRIGGER credits_grant_expiry_new AFTER INSERT ON credits_grant
    FOR EACH ROW WHEN (NEW.expires_at IS NOT NULL) EXECUTE FUNCTION credits_expiry_noted_v1();
CREATE TRIGGER credits_grant_expiry_back AFTER UPDATE ON credits_grant
    FOR EACH ROW WHEN (NEW.expires_at IS NOT NULL AND NEW.remaining > OLD.remaining)
    EXECUTE FUNCTION credits_expiry_noted_v1();
UPDATE credits_account a SET next_expiry = g.first
FROM (SELECT account_id, min(expires_at) AS first FROM credits_grant WHERE open GROUP BY account_id) g
WHERE g.account_id = a.customer_id AND g.first IS NOT NULL;

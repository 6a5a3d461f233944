-- Fulfilment: the health of providers, their rate limit and breaker on the provider's own row, and what is only added.

-- Takes up to p_wanted calls out of a provider's allowance; how many may be made now. A provider without a limit gives
-- all of them, one whose breaker is open none, and one whose pause is over lets one probe through at a time.
CREATE FUNCTION fulfilment_take_calls_v1(p_provider bigint, p_wanted int) RETURNS int
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_row   fulfilment_provider;
    v_now   timestamptz;
    v_have  float8;
    v_given int;
BEGIN
    SELECT * INTO v_row FROM fulfilment_provider WHERE id = p_provider;
    IF v_row.open_until IS NULL AND v_row.calls_per_minute IS NULL THEN
        RETURN p_wanted;
    END IF;
    PERFORM FROM fulfilment_provider WHERE id = p_provider FOR NO KEY UPDATE;
    SELECT * INTO v_row FROM fulfilment_provider WHERE id = p_provider;
    v_now := clock_timestamp();
    v_given := p_wanted;
    IF v_row.open_until IS NOT NULL THEN
        IF v_row.open_until > v_now OR v_row.probe_until > v_now OR p_wanted < 1 THEN
            RETURN 0;
        END IF;
        v_given := 1;
        UPDATE fulfilment_provider SET probe_until = v_now + make_interval(secs => timeout * 2 + 1) WHERE id = p_provider;
    END IF;
    IF v_row.calls_per_minute IS NOT NULL THEN
        v_have := least(v_row.calls_per_minute::float8,
            v_row.tokens + extract(epoch FROM v_now - v_row.tokens_at) * v_row.calls_per_minute / 60.0);
        v_given := least(v_given, floor(v_have)::int);
        UPDATE fulfilment_provider SET tokens = v_have - v_given, tokens_at = v_now WHERE id = p_provider;
    END IF;
    RETURN v_given;
END $$;

-- Notes calls by minute and kind: [{"provider": 1, "kind": "submit", "calls": 3, "failures": 1, "total_ms": 40,
-- "longest_ms": 20}, ...], in the minute of the database's clock.
CREATE FUNCTION fulfilment_note_calls_v1(p jsonb) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO fulfilment_call AS c (provider_id, minute, kind, calls, failures, total_ms, longest_ms)
    SELECT r.provider, date_trunc('minute', clock_timestamp()), r.kind, r.calls, r.failures, r.total_ms, r.longest_ms
    FROM jsonb_to_recordset(p) AS r(provider bigint, kind text, calls int, failures int, total_ms bigint, longest_ms int)
    ORDER BY r.provider, r.kind
    ON CONFLICT (provider_id, minute, kind) DO UPDATE SET
        calls = c.calls + excluded.calls, failures = c.failures + excluded.failures,
        total_ms = c.total_ms + excluded.total_ms, longest_ms = greatest(c.longest_ms, excluded.longest_ms)
$$;

-- What answers did to the breaker: p_failed calls in a row failed since the last one that went well (p_well: whether one
-- did). It opens after `breaker_after` failures in a row; a probe that fails doubles the pause, up to an hour. Answers of
-- calls that were still out when it opened change nothing. Gives 'opened', 'closed' or '' for what changed.
CREATE FUNCTION fulfilment_breaker_v1(p_provider bigint, p_well boolean, p_failed int) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_row   fulfilment_provider;
    v_now   timestamptz;
    v_pause float8;
BEGIN
    SELECT * INTO v_row FROM fulfilment_provider WHERE id = p_provider;
    IF p_failed = 0 AND v_row.failures = 0 AND v_row.open_until IS NULL THEN
        RETURN '';
    END IF;
    PERFORM FROM fulfilment_provider WHERE id = p_provider FOR NO KEY UPDATE;
    SELECT * INTO v_row FROM fulfilment_provider WHERE id = p_provider;
    v_now := clock_timestamp();
    v_row.failures := CASE WHEN p_well THEN 0 ELSE v_row.failures END + p_failed;
    IF p_failed = 0 OR (v_row.open_until IS NULL AND v_row.failures < v_row.breaker_after) THEN
        UPDATE fulfilment_provider SET failures = v_row.failures, opened_at = NULL, open_until = NULL,
            probe_until = NULL, open_pause = 0
        WHERE id = p_provider;
        RETURN CASE WHEN v_row.open_until IS NOT NULL THEN 'closed' ELSE '' END;
    END IF;
    IF v_row.open_until > v_now THEN
        UPDATE fulfilment_provider SET failures = v_row.failures WHERE id = p_provider;
        RETURN '';
    END IF;
    v_pause := CASE WHEN v_row.open_until IS NULL THEN v_row.breaker_pause ELSE least(3600.0, v_row.open_pause * 2) END;
    UPDATE fulfilment_provider SET failures = v_row.failures, probe_until = NULL, open_pause = v_pause,
        opened_at = coalesce(opened_at, v_now), open_until = v_now + make_interval(secs => v_pause)
    WHERE id = p_provider;
    RETURN CASE WHEN v_row.open_until IS NULL THEN 'opened' ELSE '' END;
END $$;

CREATE FUNCTION fulfilment_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

DO $$
DECLARE
    v_table text;
    v_role  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['fulfilment_callback', 'fulfilment_balance', 'fulfilment_event'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION fulfilment_append_only_v1()',
            v_table || '_append_only', v_table);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION fulfilment_append_only_v1()',
            v_table || '_no_truncate', v_table);
        FOR v_role IN
            SELECT DISTINCT grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'public' AND table_name = v_table AND grantee <> current_user
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', v_table, v_role);
            EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', v_table, v_role);
        END LOOP;
    END LOOP;
END $$;

-- The history of a case and what was claimed can't be edited, not even from a console.
CREATE FUNCTION refunds_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER refunds_event_append_only BEFORE UPDATE OR DELETE ON refunds_event
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_claim_append_only BEFORE UPDATE OR DELETE ON refunds_claim
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_event_no_truncate BEFORE TRUNCATE ON refunds_event
    FOR EACH STATEMENT EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_claim_no_truncate BEFORE TRUNCATE ON refunds_claim
    FOR EACH STATEMENT EXECUTE FUNCTION refunds_append_only_v1();

-- A settled, denied or withdrawn case stays as it is: an appeal is a case of its own.
CREATE FUNCTION refunds_case_final_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('denied', 'withdrawn', 'settled') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'case % is final', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refunds_case_final BEFORE UPDATE ON refunds_case
    FOR EACH ROW EXECUTE FUNCTION refunds_case_final_v1();

-- Events since a moment that ask for a mail; inlined into the sweep of the notices.
CREATE FUNCTION refunds_notify_v1(p_since timestamptz) RETURNS TABLE (event_id bigint, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT e.id, e.at FROM refunds_event e WHERE e.notify AND e.at >= p_since
$$;

-- Whether a policy version is the one in force: the newest whose effective date has come.
CREATE FUNCTION policy_version_stands_v1(p_version_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p_version_id = (SELECT id FROM policy_version WHERE effective_at <= clock_timestamp()
                           ORDER BY effective_at DESC, id DESC LIMIT 1)
$$;

-- A version is what orders and decisions rest on: it is never edited or removed, not even from a console.
CREATE FUNCTION policy_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER policy_version_append_only BEFORE UPDATE OR DELETE ON policy_version
    FOR EACH ROW EXECUTE FUNCTION policy_append_only_v1();
CREATE TRIGGER policy_version_no_truncate BEFORE TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION policy_append_only_v1();
CREATE TRIGGER policy_calendar_append_only BEFORE UPDATE OR DELETE ON policy_calendar
    FOR EACH ROW EXECUTE FUNCTION policy_append_only_v1();
CREATE TRIGGER policy_calendar_no_truncate BEFORE TRUNCATE ON policy_calendar
    FOR EACH STATEMENT EXECUTE FUNCTION policy_append_only_v1();

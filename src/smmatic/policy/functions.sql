-- Whether a policy version is the one in force: the newest whose effective date has come.
CREATE FUNCTION policy_version_stands_v1(p_version_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p_version_id = (SELECT id FROM policy_version WHERE effective_at <= clock_timestamp()
                           ORDER BY effective_at DESC, id DESC LIMIT 1)
$$;

-- What was written stays as it was written.
CREATE FUNCTION support_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER support_message_append_only BEFORE UPDATE OR DELETE ON support_message
    FOR EACH ROW EXECUTE FUNCTION support_append_only_v1();
CREATE TRIGGER support_message_no_truncate BEFORE TRUNCATE ON support_message
    FOR EACH STATEMENT EXECUTE FUNCTION support_append_only_v1();

-- Messages of customers and to them since a moment; inlined into the sweep of the notices.
CREATE FUNCTION support_notify_v1(p_since timestamptz) RETURNS TABLE (event_id bigint, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT m.id, m.at FROM support_message m
    WHERE NOT m.internal AND m.at >= p_since
$$;

-- What staff did stands for ever.
CREATE FUNCTION accounts_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER accounts_audit_append_only BEFORE UPDATE OR DELETE ON accounts_audit
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only_v1();
CREATE TRIGGER accounts_audit_no_truncate BEFORE TRUNCATE ON accounts_audit
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only_v1();

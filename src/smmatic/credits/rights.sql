-- Histories of the ledger: whoever else may read them may add a line, and edit none.
DO $$
DECLARE
    v_table text;
    v_role  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['credits_account_event', 'credits_proof'] LOOP
        FOR v_role IN
            SELECT DISTINCT grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'public' AND table_name = v_table AND grantee <> current_user
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', v_table, v_role);
            EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', v_table, v_role);
        END LOOP;
    END LOOP;
END $$;

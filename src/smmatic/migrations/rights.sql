-- The app's role may read the ledger and execute its functions; it may add to histories and never edit them.
-- Which role that is, is decided when the database is made (default privileges): whoever else may read a table.
DO $$
DECLARE
    v_table  text;
    v_role   text;
    v_ledger text[] := ARRAY['credits_account', 'credits_transfer', 'credits_grant', 'credits_grant_use',
                             'credits_charge', 'credits_idempotency'];
    v_history text[] := ARRAY['orders_event', 'refunds_claim', 'refunds_event', 'policy_version', 'policy_calendar',
                              'catalogue_service_version', 'deposits_event', 'support_message'];
BEGIN
    FOREACH v_table IN ARRAY v_ledger || v_history LOOP
        FOR v_role IN
            SELECT DISTINCT grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'public' AND table_name = v_table AND grantee <> current_user
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', v_table, v_role);
            EXECUTE format('GRANT SELECT ON %I TO %I', v_table, v_role);
            IF v_table = ANY (v_history) THEN
                EXECUTE format('GRANT INSERT ON %I TO %I', v_table, v_role);
            END IF;
        END LOOP;
    END LOOP;
END $$;

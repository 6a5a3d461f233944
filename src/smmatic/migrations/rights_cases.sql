-- Histories of cases and staff: the app's role adds to them and never edits them. Incidents may only be ended.
DO $$
DECLARE
    v_table text;
    v_role  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['refunds_incident', 'refunds_incident_event', 'accounts_audit'] LOOP
        FOR v_role IN
            SELECT DISTINCT grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'public' AND table_name = v_table AND grantee <> current_user
        LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', v_table, v_role);
            EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', v_table, v_role);
            IF v_table = 'refunds_incident' THEN
                EXECUTE format('GRANT UPDATE (ended_at) ON %I TO %I', v_table, v_role);
            END IF;
        END LOOP;
    END LOOP;
END $$;

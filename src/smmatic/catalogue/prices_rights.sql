-- The app's role may add a price of a customer and never edit one (see migrations/rights.sql for the way).
DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = 'catalogue_price' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE ALL ON catalogue_price FROM %I', v_role);
        EXECUTE format('GRANT SELECT, INSERT ON catalogue_price TO %I', v_role);
    END LOOP;
END $$;

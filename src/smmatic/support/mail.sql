-- A mail that came in is recorded once and for ever, and so is what hung on it: the app's role sorts and redacts, and
-- never deletes. What a message says stays as it was written (see functions.sql).
DO $$
DECLARE
    v_table text;
    v_role  text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['support_inbound', 'support_attachment', 'support_conversation'] LOOP
        FOR v_role IN
            SELECT DISTINCT grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'public' AND table_name = v_table AND grantee <> current_user
        LOOP
            EXECUTE format('REVOKE DELETE, TRUNCATE ON %I FROM %I', v_table, v_role);
        END LOOP;
    END LOOP;
END $$;

-- A conversation that came by mail keeps its other side: nobody gives it to another customer.
CREATE FUNCTION support_conversation_stays_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.customer_id IS NOT NULL AND NEW.customer_id IS DISTINCT FROM OLD.customer_id)
       OR (OLD.order_id IS NOT NULL AND NEW.order_id IS DISTINCT FROM OLD.order_id) OR NEW.origin <> OLD.origin THEN
        RAISE EXCEPTION 'conversation % belongs to somebody already', OLD.id USING ERRCODE = 'SM002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER support_conversation_stays BEFORE UPDATE ON support_conversation
    FOR EACH ROW EXECUTE FUNCTION support_conversation_stays_v1();

-- A settled, denied or withdrawn case stays as it is. Numbers that the database keeps itself are not known yet when this
-- runs (they are NULL in NEW), so they are left out of the comparison: they follow from `arithmetic`.
CREATE FUNCTION refunds_case_final_v2() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_kept CONSTANT text[] := ARRAY['charged', 'delivered', 'ordered', 'back'];
BEGIN
    IF OLD.state IN ('denied', 'withdrawn', 'settled')
       AND to_jsonb(NEW) - v_kept IS DISTINCT FROM to_jsonb(OLD) - v_kept THEN
        RAISE EXCEPTION 'case % is final', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER refunds_case_final BEFORE UPDATE ON refunds_case
    FOR EACH ROW EXECUTE FUNCTION refunds_case_final_v2();

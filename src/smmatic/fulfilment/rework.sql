-- Rework: its transitions, and who may write it.

-- A rework begins once and ends once. What was asked, by when it had to begin and for which order never changes.
CREATE FUNCTION fulfilment_rework_transition_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'pending' AND NEW.state IN ('in_progress', 'completed', 'rejected'))
        OR (OLD.state = 'in_progress' AND NEW.state IN ('completed', 'rejected'))
    ) THEN
        RAISE EXCEPTION 'rework %: % -> % is not a transition', OLD.id, OLD.state, NEW.state USING ERRCODE = 'SM003';
    END IF;
    IF OLD.state IN ('completed', 'rejected') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'rework % is final', OLD.id USING ERRCODE = 'SM003';
    END IF;
    IF (NEW.order_id, NEW.reason, NEW.asked_at, NEW.start_by) IS DISTINCT FROM
       (OLD.order_id, OLD.reason, OLD.asked_at, OLD.start_by) THEN
        RAISE EXCEPTION 'rework %: what was asked never changes', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fulfilment_rework_transition BEFORE UPDATE ON fulfilment_rework
    FOR EACH ROW EXECUTE FUNCTION fulfilment_rework_transition_v1();

-- Whoever serves may ask and answer, and takes nothing back.
DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = 'fulfilment_rework' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE DELETE, TRUNCATE ON fulfilment_rework FROM %I', v_role);
    END LOOP;
END $$;

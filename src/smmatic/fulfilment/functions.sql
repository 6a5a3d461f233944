-- Fulfilment: the transitions of an attempt.

-- An attempt is sent at most once unless nothing of it left this machine (sent -> prepared), and what was confirmed or
-- refused stays so. Its order, provider and reference never change.
CREATE FUNCTION fulfilment_attempt_transition_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'prepared' AND NEW.state IN ('sent', 'refused'))
        OR (OLD.state = 'sent' AND NEW.state IN ('prepared', 'confirmed', 'refused', 'unknown'))
        OR (OLD.state = 'unknown' AND NEW.state IN ('confirmed', 'refused'))
    ) THEN
        RAISE EXCEPTION 'attempt %: % -> % is not a transition', OLD.id, OLD.state, NEW.state USING ERRCODE = 'SM003';
    END IF;
    IF (NEW.order_id, NEW.provider_id, NEW.number, NEW.reference) IS DISTINCT FROM
       (OLD.order_id, OLD.provider_id, OLD.number, OLD.reference)
       OR (OLD.remote_id <> '' AND NEW.remote_id <> OLD.remote_id) THEN
        RAISE EXCEPTION 'attempt %: what was sent never changes', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fulfilment_attempt_transition BEFORE UPDATE ON fulfilment_attempt
    FOR EACH ROW EXECUTE FUNCTION fulfilment_attempt_transition_v1();

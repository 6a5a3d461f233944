-- What a deposit may never do, whoever writes: change its intent, leave an end, or be booked twice.
CREATE FUNCTION deposits_transition_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.customer_id, NEW.units, NEW.money, NEW.price, NEW.currency, NEW.method, NEW.reference, NEW.requested_at)
       IS DISTINCT FROM
       (OLD.customer_id, OLD.units, OLD.money, OLD.price, OLD.currency, OLD.method, OLD.reference, OLD.requested_at) THEN
        RAISE EXCEPTION 'the intent of deposit % can not be changed', OLD.id USING ERRCODE = 'SM002';
    END IF;
    IF NOT (OLD.state = 'requested' OR (OLD.state = 'parked' AND NEW.state IN ('parked', 'confirmed', 'declined'))) THEN
        RAISE EXCEPTION 'deposit % is %, it can not become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'SM002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER deposits_deposit_transition BEFORE UPDATE ON deposits_deposit
    FOR EACH ROW EXECUTE FUNCTION deposits_transition_v1();

CREATE FUNCTION deposits_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'SM002';
END $$;

CREATE TRIGGER deposits_deposit_kept BEFORE DELETE ON deposits_deposit
    FOR EACH ROW EXECUTE FUNCTION deposits_append_only_v1();
CREATE TRIGGER deposits_event_append_only BEFORE UPDATE OR DELETE ON deposits_event
    FOR EACH ROW EXECUTE FUNCTION deposits_append_only_v1();
CREATE TRIGGER deposits_event_no_truncate BEFORE TRUNCATE ON deposits_event
    FOR EACH STATEMENT EXECUTE FUNCTION deposits_append_only_v1();

-- Events since a moment that ask for a mail; inlined into the sweep of the notices.
CREATE FUNCTION deposits_notify_v1(p_since timestamptz) RETURNS TABLE (event_id bigint, at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT e.id, e.at FROM deposits_event e WHERE e.notify AND e.at >= p_since
$$;

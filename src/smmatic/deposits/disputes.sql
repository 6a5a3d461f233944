-- A dispute's intent never changes, and its end is written once.
CREATE FUNCTION deposits_dispute_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open' OR (NEW.deposit_id, NEW.customer_id, NEW.units, NEW.document, NEW.opened_by_id, NEW.opened_at)
       IS DISTINCT FROM (OLD.deposit_id, OLD.customer_id, OLD.units, OLD.document, OLD.opened_by_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'dispute % can not be changed like this', OLD.id USING ERRCODE = 'SM002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER deposits_dispute_once BEFORE UPDATE ON deposits_dispute
    FOR EACH ROW EXECUTE FUNCTION deposits_dispute_v1();
CREATE TRIGGER deposits_dispute_kept BEFORE DELETE ON deposits_dispute
    FOR EACH ROW EXECUTE FUNCTION deposits_append_only_v1();

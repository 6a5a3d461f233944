-- A mail that was handed to the mail server, or that was never to be sent, does not become due again.
CREATE FUNCTION notices_transition_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT (
        (OLD.state = 'prepared' AND NEW.state IN ('sending', 'failed'))
        OR (OLD.state = 'sending' AND NEW.state IN ('prepared', 'sent', 'failed', 'uncertain'))) THEN
        RAISE EXCEPTION 'mail % is %, it can not become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'SM002';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER notices_mail_transition BEFORE UPDATE ON notices_mail
    FOR EACH ROW EXECUTE FUNCTION notices_transition_v1();

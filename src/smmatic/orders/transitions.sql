-- What the database allows to happen to an order, asked without calling a function: the conditions are the triggers' own, and a
-- function runs only to refuse. In batches of five hundred orders the call for each row was a good part of the time.

CREATE FUNCTION orders_refuse_transition_v2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order %: % -> % is not a transition', OLD.id, OLD.status, NEW.status USING ERRCODE = 'SM003';
END $$;

CREATE FUNCTION orders_refuse_change_v2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order %: what was agreed at placing never changes', OLD.id USING ERRCODE = 'SM003';
END $$;

DROP TRIGGER orders_order_transition ON orders_order;

-- The table of transitions. 'processing | in_progress -> cancelled' is a confirmed stop.
CREATE TRIGGER orders_order_transition BEFORE UPDATE OF status ON orders_order
    FOR EACH ROW WHEN (NEW.status <> OLD.status AND NOT (
        (OLD.status = 'pending' AND NEW.status IN ('processing', 'cancelled', 'rejected'))
        OR (OLD.status = 'processing' AND NEW.status IN ('in_progress', 'rejected', 'completed', 'partial', 'failed'))
        OR (OLD.status = 'in_progress' AND NEW.status IN ('completed', 'partial', 'failed'))
        OR (OLD.status IN ('processing', 'in_progress') AND NEW.status = 'cancelled' AND NEW.stop_status = 'confirmed')
    )) EXECUTE FUNCTION orders_refuse_transition_v2();

-- No other trigger of the table changes a row, so an update that does not name one of these columns can't change it.
CREATE TRIGGER orders_order_agreed
    BEFORE UPDATE OF customer_id, service_id, terms, policy_version_id, calendar_version_id, quantity, amount, placed_at
    ON orders_order FOR EACH ROW WHEN (
        (NEW.customer_id, NEW.service_id, NEW.terms, NEW.policy_version_id, NEW.calendar_version_id, NEW.quantity,
         NEW.amount, NEW.placed_at) IS DISTINCT FROM
        (OLD.customer_id, OLD.service_id, OLD.terms, OLD.policy_version_id, OLD.calendar_version_id, OLD.quantity,
         OLD.amount, OLD.placed_at)
    ) EXECUTE FUNCTION orders_refuse_change_v2();

-- What placing promises beyond the statement that places, whichever that is: a customer's own price is still theirs,
-- and where the service's terms refuse it there is no second open order for one link. Only orders with such terms are
-- looked at; the refusal ends the statement, so nothing is charged and no key is used up.
CREATE FUNCTION orders_guard_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_other bigint;
BEGIN
    IF NEW.terms ? 'price_id' AND NOT catalogue_price_stands_v1(
           NEW.customer_id, NEW.service_id, (NEW.terms ->> 'price_id')::bigint) THEN
        RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = 'terms_changed', DETAIL = '{}';
    END IF;
    IF NEW.terms ->> 'overlap' = 'refuse' AND NEW.link <> '' THEN
        -- Two orders of one customer at once take turns, so that each sees the other.
        PERFORM pg_advisory_xact_lock(hashtextextended('orders:overlap', NEW.customer_id));
        v_other := orders_open_on_link_v1(NEW.customer_id, NEW.service_id, NEW.link);
        IF v_other IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'SM001', MESSAGE = 'order_overlaps',
                DETAIL = jsonb_build_object('field', 'link', 'number', v_other)::text;
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- The newest open order of a customer for a service and a link, or NULL. By the hash of the link, which is indexed.
CREATE FUNCTION orders_open_on_link_v1(p_customer_id bigint, p_service_id bigint, p_link text) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
    SELECT max(id) FROM orders_order
    WHERE customer_id = p_customer_id AND hashtextextended(link, 0) = hashtextextended(p_link, 0) AND link <> ''
      AND link = p_link AND service_id = p_service_id AND ended_at IS NULL
$$;

CREATE TRIGGER orders_order_guard BEFORE INSERT ON orders_order
    FOR EACH ROW WHEN (NEW.terms ? 'price_id' OR NEW.terms ->> 'overlap' = 'refuse')
    EXECUTE FUNCTION orders_guard_v1();

-- The first of a customer's orders that was placed at or after a moment, by halving over the index of their ids, which
-- grow with time: a handful of probes, however many orders there are. Ids of two orders placed at once may be swapped
-- by moments, so what is asked is an hour earlier, and whoever asks filters by the exact moment too.
CREATE FUNCTION orders_first_since_v1(p_customer_id bigint, p_since timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    v_low  bigint := 0;
    v_high bigint;
    v_at   record;
    v_from timestamptz := p_since - interval '1 hour';
BEGIN
    SELECT id + 1 INTO v_high FROM orders_order WHERE customer_id = p_customer_id ORDER BY id DESC LIMIT 1;
    IF v_high IS NULL THEN
        RETURN 1;
    END IF;
    WHILE v_low + 1 < v_high LOOP
        SELECT id, placed_at INTO v_at FROM orders_order
        WHERE customer_id = p_customer_id AND id > v_low AND id <= (v_low + v_high) / 2 ORDER BY id DESC LIMIT 1;
        IF NOT FOUND THEN
            v_low := (v_low + v_high) / 2;
        ELSIF v_at.placed_at >= v_from THEN
            v_high := v_at.id;
        ELSE
            v_low := (v_low + v_high) / 2;
        END IF;
    END LOOP;
    RETURN v_high;
END $$;

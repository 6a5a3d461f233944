-- A customer's words, links and files leave their orders; what was agreed, delivered and decided stays.
DROP TRIGGER orders_event_append_only ON orders_event;
CREATE TRIGGER orders_event_append_only BEFORE UPDATE ON orders_event FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['why'], ARRAY['facts']))
    EXECUTE FUNCTION orders_append_only_v1();
CREATE TRIGGER orders_event_kept BEFORE DELETE ON orders_event
    FOR EACH ROW EXECUTE FUNCTION orders_append_only_v1();

CREATE FUNCTION orders_of_v1(p_customer_id bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM orders_order WHERE customer_id = p_customer_id
$$;

CREATE FUNCTION orders_links_v1(p_customer_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT regexp_replace(link, '^https?://(www\.)?', '') FROM orders_order
    WHERE customer_id = p_customer_id AND length(regexp_replace(link, '^https?://(www\.)?', '')) > 3
$$;

CREATE FUNCTION orders_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE orders_order SET link = '', brief = kernel_erased_v1(brief), texts = kernel_erased_v1(texts)
    WHERE customer_id = p_customer_id;
    UPDATE orders_event SET why = kernel_erased_v1(why), facts = kernel_redacted_v1(facts)
    WHERE order_id IN (SELECT orders_of_v1(p_customer_id));
    UPDATE orders_file SET name = 'erased', content = '', sha256 = '', size = 0
    WHERE owner_id = p_customer_id OR order_id IN (SELECT orders_of_v1(p_customer_id));
    UPDATE orders_batch SET key = 'erased:' || id, name = '', lines = '[]', checks = '[]', results = '[]'
    WHERE customer_id = p_customer_id;
    DELETE FROM orders_list_view WHERE customer_id = p_customer_id;
END $$;

-- What providers and staff said about a customer's orders leaves; what was submitted when, and its end, stay.
DO $$
DECLARE
    v_table text;
    v_texts text;
BEGIN
    FOR v_table, v_texts IN VALUES ('fulfilment_callback', '{body}'), ('fulfilment_event', '{}') LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', v_table || '_append_only', v_table);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW WHEN (NOT kernel_only_redacts_v1('
            'to_jsonb(OLD), to_jsonb(NEW), %L::text[], %L::text[])) EXECUTE FUNCTION fulfilment_append_only_v1()',
            v_table || '_append_only', v_table, v_texts, CASE v_texts WHEN '{}' THEN '{facts}' ELSE '{}' END);
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION fulfilment_append_only_v1()',
            v_table || '_kept', v_table);
    END LOOP;
END $$;
DROP TRIGGER fulfilment_rework_transition ON fulfilment_rework;
CREATE TRIGGER fulfilment_rework_transition BEFORE UPDATE ON fulfilment_rework FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['reason', 'answer']))
    EXECUTE FUNCTION fulfilment_rework_transition_v1();

CREATE FUNCTION fulfilment_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_orders bigint[] := ARRAY (SELECT orders_of_v1(p_customer_id));
    v_quoted text[];
BEGIN
    UPDATE fulfilment_attempt SET answer = kernel_redacted_v1(answer) WHERE order_id = ANY (v_orders);
    UPDATE fulfilment_callback SET body = kernel_erased_v1(body) WHERE order_id = ANY (v_orders)
       OR (order_id IS NULL AND EXISTS (
           SELECT FROM orders_links_v1(p_customer_id) AS link WHERE strpos(lower(body), lower(link)) > 0));
    UPDATE fulfilment_rework SET reason = kernel_erased_v1(reason), answer = kernel_erased_v1(answer)
    WHERE order_id = ANY (v_orders);
    -- Words of providers are kept apart from orders, to be mapped to causes, with '#' for numbers; some quote the link.
    SELECT array_agg(word) INTO v_quoted
    FROM (SELECT lower(regexp_replace(link, '[0-9]+', '#', 'g')) AS word
          FROM orders_links_v1(p_customer_id) AS link) AS one
    WHERE length(word) > 3;
    DELETE FROM fulfilment_word w WHERE EXISTS (SELECT FROM unnest(v_quoted) AS q WHERE strpos(w.word, q) > 0);
    UPDATE fulfilment_event e SET facts = kernel_redacted_v1(e.facts)
    WHERE e.kind = 'word_mapped' AND EXISTS (
        SELECT FROM unnest(v_quoted) AS q WHERE strpos(lower(e.facts::text), q) > 0);
END $$;

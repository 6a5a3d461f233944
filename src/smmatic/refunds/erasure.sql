-- A customer's and staff's words leave the cases; facts, clause, arithmetic and who decided stay.
DROP TRIGGER refunds_event_append_only ON refunds_event;
CREATE TRIGGER refunds_event_append_only BEFORE UPDATE ON refunds_event FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['why'], ARRAY['facts']))
    EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_event_kept BEFORE DELETE ON refunds_event
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();
DROP TRIGGER refunds_claim_append_only ON refunds_claim;
CREATE TRIGGER refunds_claim_append_only BEFORE UPDATE ON refunds_claim FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['evidence']))
    EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_claim_kept BEFORE DELETE ON refunds_claim
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();

-- A settled, denied or withdrawn case stays as it is, but for words that are taken out. Columns that the database
-- computes are not there yet when a trigger looks.
CREATE FUNCTION refunds_case_final_v3() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('denied', 'withdrawn', 'settled') AND NOT kernel_only_redacts_v1(
           to_jsonb(OLD), to_jsonb(NEW), ARRAY['words', 'override_why'], '{}', '{}',
           ARRAY['charged', 'delivered', 'ordered', 'back']) THEN
        RAISE EXCEPTION 'case % is final', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER refunds_case_final ON refunds_case;
CREATE TRIGGER refunds_case_final BEFORE UPDATE ON refunds_case
    FOR EACH ROW EXECUTE FUNCTION refunds_case_final_v3();

CREATE FUNCTION refunds_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE refunds_case SET words = kernel_erased_v1(words), override_why = kernel_erased_v1(override_why)
    WHERE customer_id = p_customer_id AND (words <> '' OR override_why <> '');
    UPDATE refunds_event SET why = kernel_erased_v1(why), facts = kernel_redacted_v1(facts)
    WHERE case_id IN (SELECT id FROM refunds_case WHERE customer_id = p_customer_id);
    UPDATE refunds_claim SET evidence = kernel_erased_v1(evidence)
    WHERE order_id IN (SELECT orders_of_v1(p_customer_id));
END $$;

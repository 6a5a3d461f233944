-- Words leave deposits and disputes; amounts, references and who confirmed stay.
DROP TRIGGER deposits_event_append_only ON deposits_event;
CREATE TRIGGER deposits_event_append_only BEFORE UPDATE ON deposits_event FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['why'], ARRAY['facts']))
    EXECUTE FUNCTION deposits_append_only_v1();
CREATE TRIGGER deposits_event_kept BEFORE DELETE ON deposits_event
    FOR EACH ROW EXECUTE FUNCTION deposits_append_only_v1();
DROP TRIGGER deposits_deposit_transition ON deposits_deposit;
CREATE TRIGGER deposits_deposit_transition BEFORE UPDATE ON deposits_deposit FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['note']))
    EXECUTE FUNCTION deposits_transition_v1();
DROP TRIGGER deposits_dispute_once ON deposits_dispute;
CREATE TRIGGER deposits_dispute_once BEFORE UPDATE ON deposits_dispute FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['document', 'why']))
    EXECUTE FUNCTION deposits_dispute_v1();

CREATE FUNCTION deposits_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE deposits_deposit SET note = kernel_erased_v1(note) WHERE customer_id = p_customer_id AND note <> '';
    UPDATE deposits_dispute SET document = kernel_erased_v1(document), why = kernel_erased_v1(why)
    WHERE customer_id = p_customer_id;
    UPDATE deposits_event SET why = kernel_erased_v1(why), facts = kernel_redacted_v1(facts)
    WHERE deposit_id IN (SELECT id FROM deposits_deposit WHERE customer_id = p_customer_id);
END $$;

-- The words of a transfer stand beside the chain of hashes and never in it, so that they can be taken out and the ledger
-- stays whole. What stands in the chain is a code: a service, a reference, a number.
ALTER TABLE credits_transfer ADD CONSTRAINT credits_transfer_reason_is_code
    CHECK (position(' ' in reason) = 0 AND position('@' in reason) = 0) NOT VALID;

CREATE TRIGGER credits_note_append_only BEFORE UPDATE ON credits_note FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['words']))
    EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_note_kept BEFORE DELETE ON credits_note
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_note_no_truncate BEFORE TRUNCATE ON credits_note
    FOR EACH STATEMENT EXECUTE FUNCTION credits_append_only_v1();
DROP TRIGGER credits_approval_once ON credits_approval;
CREATE TRIGGER credits_approval_once BEFORE UPDATE ON credits_approval FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['reason', 'why']))
    EXECUTE FUNCTION credits_approval_v1();
DROP TRIGGER credits_account_event_append_only ON credits_account_event;
CREATE TRIGGER credits_account_event_append_only BEFORE UPDATE ON credits_account_event FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['why']))
    EXECUTE FUNCTION credits_append_only_v1();
CREATE TRIGGER credits_account_event_kept BEFORE DELETE ON credits_account_event
    FOR EACH ROW EXECUTE FUNCTION credits_append_only_v1();

DO $$
DECLARE
    v_role text;
BEGIN
    FOR v_role IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = 'credits_note' AND grantee <> current_user
    LOOP
        EXECUTE format('REVOKE ALL ON credits_note FROM %I', v_role);
        EXECUTE format('GRANT SELECT, INSERT ON credits_note TO %I', v_role);
    END LOOP;
END $$;

-- Keys are the words of the customer's own program; the answers under them name orders only.
CREATE FUNCTION credits_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE credits_note SET words = '[erased]' WHERE account_id = p_customer_id;
    UPDATE credits_approval SET reason = kernel_erased_v1(reason), why = kernel_erased_v1(why)
    WHERE customer_id = p_customer_id;
    UPDATE credits_account_event SET why = kernel_erased_v1(why) WHERE account_id = p_customer_id;
    UPDATE credits_idempotency i
    SET key = 'erased:' || n.place, request_hash = '', answer = CASE WHEN i.answer IS NULL THEN NULL ELSE '{}'::jsonb END
    FROM (SELECT key, row_number() OVER (ORDER BY created_at, key) AS place FROM credits_idempotency
          WHERE account_id = p_customer_id AND key NOT LIKE 'erased:%') AS n
    WHERE i.account_id = p_customer_id AND i.key = n.key;
END $$;

-- Messages, addresses and files leave conversations; that somebody wrote, when and about which order stays.
DROP TRIGGER support_message_append_only ON support_message;
CREATE TRIGGER support_message_append_only BEFORE UPDATE ON support_message FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['body', 'quoted', 'sender']))
    EXECUTE FUNCTION support_append_only_v1();
CREATE TRIGGER support_message_kept BEFORE DELETE ON support_message
    FOR EACH ROW EXECUTE FUNCTION support_append_only_v1();

-- The customer's conversations, and those of nobody that came from their address.
CREATE FUNCTION support_erase_v1(p_customer_id bigint, p_email text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_threads bigint[] := ARRAY (
        SELECT id FROM support_conversation
        WHERE customer_id = p_customer_id OR (customer_id IS NULL AND lower(address) = lower(p_email)));
BEGIN
    UPDATE support_conversation SET topic = kernel_erased_v1(topic), address = '', name = '' WHERE id = ANY (v_threads);
    UPDATE support_attachment SET name = 'erased', content = NULL, sha256 = NULL, size = 0
    WHERE message_id IN (SELECT id FROM support_message WHERE conversation_id = ANY (v_threads));
    UPDATE support_message SET body = '[erased]', quoted = kernel_erased_v1(quoted), sender = kernel_erased_v1(sender)
    WHERE conversation_id = ANY (v_threads) OR lower(sender) = lower(p_email);
    UPDATE support_inbound
    SET header_id = '', sender = '', subject = '', envelope = '', why = '', bounced = '', raw = NULL,
        kind = CASE WHEN kind IN ('new', 'unreadable') THEN 'erased' ELSE kind END
    WHERE conversation_id = ANY (v_threads) OR lower(sender) = lower(p_email);
END $$;

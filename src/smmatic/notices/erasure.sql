-- Mails to and about a customer lose their words and addresses; that and when they were sent stays.
CREATE FUNCTION notices_erase_v1(p_customer_id bigint, p_email text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE notices_mail
    SET "to" = '', subject = '[erased]', text = '', html = '', reply_to = '', answers = '', error = '',
        state = CASE WHEN state = 'prepared' THEN 'failed' ELSE state END
    WHERE customer_id = p_customer_id OR lower("to") = lower(p_email);
    UPDATE notices_notice SET words = kernel_redacted_v1(words) WHERE customer_id = p_customer_id;
    DELETE FROM notices_preference WHERE customer_id = p_customer_id;
END $$;

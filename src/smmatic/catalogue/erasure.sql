-- Why a customer has a price of their own is somebody's words; the price stays, orders point at it.
DROP TRIGGER catalogue_price_keep ON catalogue_price;
CREATE TRIGGER catalogue_price_keep BEFORE UPDATE ON catalogue_price FOR EACH ROW
    WHEN (NOT kernel_only_redacts_v1(to_jsonb(OLD), to_jsonb(NEW), ARRAY['reason']))
    EXECUTE FUNCTION catalogue_append_only_v1();
CREATE TRIGGER catalogue_price_keep_one BEFORE DELETE ON catalogue_price
    FOR EACH ROW EXECUTE FUNCTION catalogue_append_only_v1();

CREATE FUNCTION catalogue_erase_v1(p_customer_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE catalogue_price SET reason = kernel_erased_v1(reason) WHERE customer_id = p_customer_id
$$;

-- What is recorded of prices is never edited.
CREATE FUNCTION catalogue_append_only_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- Prices of single customers are written once: orders point at them for ever.
CREATE TRIGGER catalogue_price_keep
    BEFORE UPDATE OR DELETE ON catalogue_price
    FOR EACH ROW EXECUTE FUNCTION catalogue_append_only_v1();

CREATE TRIGGER catalogue_price_keep_all
    BEFORE TRUNCATE ON catalogue_price
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_append_only_v1();

-- Whether a customer's own price for a service is still the one of this row.
CREATE FUNCTION catalogue_price_stands_v1(p_customer_id bigint, p_service_id bigint, p_price_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM (SELECT id, price_units FROM catalogue_price
                     WHERE customer_id = p_customer_id AND service_id = p_service_id ORDER BY id DESC LIMIT 1) AS newest
        WHERE id = p_price_id AND price_units IS NOT NULL)
$$;

-- Whether somebody delivers a service now: kept by fulfilment, read by placing. No part of the terms.

-- A service's terms never change without a new version, whoever changes them. Its place in the list and whether somebody
-- delivers it are no terms.
CREATE FUNCTION catalogue_version_moves_v2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version < OLD.version OR (NEW.version = OLD.version
       AND to_jsonb(NEW) - 'position' - 'changed_at' - 'deliverable'
        <> to_jsonb(OLD) - 'position' - 'changed_at' - 'deliverable') THEN
        RAISE EXCEPTION 'the terms of service % changed without a new version', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'catalogue_service_version_moves';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER catalogue_service_version_moves ON catalogue_service;
CREATE TRIGGER catalogue_service_version_moves
    BEFORE UPDATE ON catalogue_service
    FOR EACH ROW EXECUTE FUNCTION catalogue_version_moves_v2();

-- Why a service cannot be ordered under the version that a customer was shown: a refusal's code, or NULL where it can.
CREATE FUNCTION catalogue_service_refusal_v1(p_service_id bigint, p_version integer) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN s.id IS NULL THEN 'terms_changed'
                WHEN NOT s.deliverable THEN 'service_unavailable' END
    FROM (VALUES (1)) one(x)
    LEFT JOIN catalogue_service s ON s.id = p_service_id AND s.version = p_version AND s.active
$$;

-- A version of a service's terms is written once: orders point at it for ever.
CREATE FUNCTION catalogue_keep_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'catalogue_service_version is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER catalogue_service_version_keep
    BEFORE UPDATE OR DELETE ON catalogue_service_version
    FOR EACH ROW EXECUTE FUNCTION catalogue_keep_v1();

CREATE TRIGGER catalogue_service_version_keep_all
    BEFORE TRUNCATE ON catalogue_service_version
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_keep_v1();

-- A service's terms never change without a new version, whoever changes them.
CREATE FUNCTION catalogue_version_moves_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version < OLD.version OR (NEW.version = OLD.version
       AND to_jsonb(NEW) - 'position' - 'changed_at' <> to_jsonb(OLD) - 'position' - 'changed_at') THEN
        RAISE EXCEPTION 'the terms of service % changed without a new version', OLD.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'catalogue_service_version_moves';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER catalogue_service_version_moves
    BEFORE UPDATE ON catalogue_service
    FOR EACH ROW EXECUTE FUNCTION catalogue_version_moves_v1();

-- Whether a service is still offered under the version that a customer was shown.
CREATE FUNCTION catalogue_service_stands_v1(p_service_id bigint, p_version integer) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM catalogue_service WHERE id = p_service_id AND version = p_version AND active)
$$;

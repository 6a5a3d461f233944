-- Incidents: told once and never taken back; they end once.
CREATE FUNCTION refunds_incident_final_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
       OR (NEW.id, NEW.title_en, NEW.title_vi, NEW.scope, NEW.scope_value, NEW.began_at, NEW.declared_at, NEW.declared_by_id)
          IS DISTINCT FROM
          (OLD.id, OLD.title_en, OLD.title_vi, OLD.scope, OLD.scope_value, OLD.began_at, OLD.declared_at, OLD.declared_by_id)
    THEN
        RAISE EXCEPTION 'incident % can only end, and once', OLD.id USING ERRCODE = 'SM003';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refunds_incident_final BEFORE UPDATE ON refunds_incident
    FOR EACH ROW EXECUTE FUNCTION refunds_incident_final_v1();
CREATE TRIGGER refunds_incident_kept BEFORE DELETE ON refunds_incident
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_incident_no_truncate BEFORE TRUNCATE ON refunds_incident
    FOR EACH STATEMENT EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_incident_event_append_only BEFORE UPDATE OR DELETE ON refunds_incident_event
    FOR EACH ROW EXECUTE FUNCTION refunds_append_only_v1();
CREATE TRIGGER refunds_incident_event_no_truncate BEFORE TRUNCATE ON refunds_incident_event
    FOR EACH STATEMENT EXECUTE FUNCTION refunds_append_only_v1();

-- Open cases of before are looked at once, so that they get the moments of their warnings.
UPDATE refunds_case SET warn_at = opened_at
WHERE due_at IS NOT NULL AND state IN ('open', 'in_review', 'approved');

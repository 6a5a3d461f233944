-- What erasing a person's data may do to rows that otherwise never change: take words out, and nothing else.

-- A JSON value without words of people: numbers, truth values and the listed names of states stay, and so do the facts
-- that a policy decided on, which are words of the policy; every other text becomes '[erased]'.
CREATE FUNCTION kernel_redacted_v1(p_value jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    v_result jsonb;
BEGIN
    CASE jsonb_typeof(p_value)
    WHEN 'string' THEN
        RETURN '"[erased]"';
    WHEN 'array' THEN
        SELECT coalesce(jsonb_agg(kernel_redacted_v1(value) ORDER BY place), '[]') INTO v_result
        FROM jsonb_array_elements(p_value) WITH ORDINALITY AS one (value, place);
        RETURN v_result;
    WHEN 'object' THEN
        SELECT coalesce(jsonb_object_agg(key, CASE
            WHEN key IN ('about', 'answer', 'claim', 'proof', 'clause', 'policy_version', 'decision', 'credits', 'facts',
                         'state', 'due_at', 'was', 'until', 'start_by', 'next', 'code')
                 AND (jsonb_typeof(value) = 'string' OR key = 'facts') THEN value
            ELSE kernel_redacted_v1(value) END), '{}') INTO v_result
        FROM jsonb_each(p_value);
        RETURN v_result;
    ELSE
        RETURN p_value;
    END CASE;
END $$;

-- Whether a row differs from what it was only by words taken out: p_texts became '' or '[erased]', p_jsons what
-- kernel_redacted_v1 makes of them, p_gone NULL; p_aside is not compared (columns that the database computes).
CREATE FUNCTION kernel_only_redacts_v1(
    p_old jsonb, p_new jsonb, p_texts text[], p_jsons text[] DEFAULT '{}', p_gone text[] DEFAULT '{}',
    p_aside text[] DEFAULT '{}') RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT p_old - p_texts - p_jsons - p_gone - p_aside = p_new - p_texts - p_jsons - p_gone - p_aside
       AND NOT EXISTS (SELECT FROM unnest(p_texts) AS t
                       WHERE p_new ->> t NOT IN ('', '[erased]') AND p_new ->> t IS DISTINCT FROM p_old ->> t)
       AND NOT EXISTS (SELECT FROM unnest(p_jsons) AS j
                       WHERE p_new -> j IS DISTINCT FROM p_old -> j AND p_new -> j <> kernel_redacted_v1(p_old -> j))
       AND NOT EXISTS (SELECT FROM unnest(p_gone) AS g
                       WHERE p_new -> g IS DISTINCT FROM p_old -> g AND p_new -> g <> 'null'::jsonb)
$$;

-- '[erased]' for words, '' where there were none, so that a row still says whether somebody had said something.
CREATE FUNCTION kernel_erased_v1(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_text = '' THEN '' ELSE '[erased]' END
$$;

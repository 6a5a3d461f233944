-- Judges recorded cases under two versions of the policy: one row for each pair of answers, with cases and Credit units.
--
-- A case of a version whose facts are those of a judging one is judged by its stored cell. Otherwise the cell is derived
-- again from the raw facts, by the weights of each value; a case without a value that the version asks for is
-- undecidable (cell NULL). The parts of the charge (the sums) are worked out once a case, in whole units, rounded as
-- the policy rounds: what stays is rounded down. -1 is a combination that a version calls impossible.
WITH known AS MATERIALIZED (
    SELECT version, same_before, same_after
    FROM unnest(%(versions)s::bigint[], %(same_before)s::boolean[], %(same_after)s::boolean[])
         AS v (version, same_before, same_after)
),
grouped AS MATERIALIZED (
    SELECT c.policy_version_id AS version, c.cell, /* facts */ AS facts, count(*) AS cases, ARRAY[/* sums */] AS sums
    FROM refunds_case c
    WHERE c.cell IS NOT NULL AND c.state <> 'withdrawn'
      AND c.opened_at >= %(since)s AND c.opened_at < %(until)s
    GROUP BY 1, 2, 3
),
celled AS (
    SELECT g.cases, g.sums,
           CASE WHEN k.same_before THEN nullif(g.cell, -1) ELSE (
               SELECT CASE WHEN bool_and(coalesce(w.value ? (g.facts ->> w.key), false))
                           THEN sum((w.value ->> (g.facts ->> w.key))::int)::int END
               FROM jsonb_each(%(weights_before)s::jsonb) w) END AS before,
           CASE WHEN k.same_after THEN nullif(g.cell, -1) ELSE (
               SELECT CASE WHEN bool_and(coalesce(w.value ? (g.facts ->> w.key), false))
                           THEN sum((w.value ->> (g.facts ->> w.key))::int)::int END
               FROM jsonb_each(%(weights_after)s::jsonb) w) END AS after,
           g.cell = -1 AS ruled_out
    FROM grouped g JOIN known k USING (version)
),
answered AS (
    SELECT cases, sums, ruled_out,
           CASE WHEN before IS NOT NULL THEN get_byte(%(table_before)s, before) END AS before,
           CASE WHEN after IS NOT NULL THEN get_byte(%(table_after)s, after) END AS after
    FROM celled
)
SELECT before, after, ruled_out, sum(cases)::bigint AS cases,
       coalesce(sum(sums[(%(share_before)s::int[])[before + 1]]), 0)::bigint AS units_before,
       coalesce(sum(sums[(%(share_after)s::int[])[after + 1]]), 0)::bigint AS units_after
FROM answered GROUP BY 1, 2, 3

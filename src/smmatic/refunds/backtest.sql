-- Judges recorded cases under two versions of the policy: one row for each pair of answers, with cases and Credit units.
--
-- A case of a version whose facts are those of a judging one is judged by its stored cell. Otherwise the cell is derived
-- again: what the stored facts weigh under the judging version (base, an entry for each stored cell), and the weights of
-- a policy's own facts, worked out from the raw facts (own). A case without a value that the version asks for is
-- undecidable (the sum falls below 0). The parts of the charge (the sums) are worked out once a case, in whole units,
-- rounded as the policy rounds: what stays is rounded down. -1 is a combination that a version calls impossible.
WITH known AS MATERIALIZED (
    SELECT version, same_before, same_after, offset_before, offset_after
    FROM unnest(%(versions)s::bigint[], %(same_before)s::boolean[], %(same_after)s::boolean[],
                %(offset_before)s::int[], %(offset_after)s::int[])
         AS v (version, same_before, same_after, offset_before, offset_after)
),
/* calendars */
grouped AS MATERIALIZED (
    SELECT c.policy_version_id AS version, c.cell, /* own */ AS own, count(*) AS cases, ARRAY[/* sums */] AS sums
    FROM refunds_case c /* join */
    WHERE c.cell IS NOT NULL AND c.state <> 'withdrawn'
      AND c.opened_at >= %(since)s AND c.opened_at < %(until)s
    GROUP BY 1, 2, 3
),
celled AS (
    SELECT g.cases, g.sums, g.cell = -1 AS ruled_out,
           CASE WHEN g.cell = -1 THEN NULL WHEN k.same_before THEN g.cell
                ELSE (%(base_before)s::int[])[k.offset_before + g.cell + 1]/* before */ END AS before,
           CASE WHEN g.cell = -1 THEN NULL WHEN k.same_after THEN g.cell
                ELSE (%(base_after)s::int[])[k.offset_after + g.cell + 1]/* after */ END AS after
    FROM grouped g JOIN known k USING (version)
),
answered AS (
    SELECT cases, sums, ruled_out,
           CASE WHEN before >= 0 THEN get_byte(%(table_before)s, before) END AS before,
           CASE WHEN after >= 0 THEN get_byte(%(table_after)s, after) END AS after
    FROM celled
)
SELECT before, after, ruled_out, sum(cases)::bigint AS cases,
       coalesce(sum(sums[(%(share_before)s::int[])[before + 1]]), 0)::bigint AS units_before,
       coalesce(sum(sums[(%(share_after)s::int[])[after + 1]]), 0)::bigint AS units_after
FROM answered GROUP BY 1, 2, 3

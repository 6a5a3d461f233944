-- Every confirmed deposit against what the ledger booked for it, and the other way round: one row a difference.
SELECT coalesce(d.id, t.deposit_id) AS id,
       coalesce(d.credited_units || ' for customer ' || d.customer_id, 'nothing: it is not confirmed') AS stored,
       coalesce(t.amount || ' for customer ' || t.account_id, 'nothing') AS expected
FROM (SELECT id, customer_id, credited_units FROM deposits_deposit WHERE state = 'confirmed') AS d
FULL JOIN credits_deposits_v1() AS t ON t.deposit_id = d.id
WHERE (t.amount, t.account_id) IS DISTINCT FROM (d.credited_units, d.customer_id)
ORDER BY 1

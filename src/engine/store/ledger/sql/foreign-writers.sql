-- The first role other than the owner that can change some tables of the ledger. It also needs a privilege on the schema,
-- which no role has unless it was granted.
WITH tables AS (
  SELECT c.oid, c.relname, c.relowner, c.relacl
  FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace
      OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('hasura_migrate')::pg_catalog.oid
    AND c.relname::pg_catalog.text
      OPERATOR(pg_catalog.=) ANY (ARRAY[${tables}]::pg_catalog.text[])
),
grants AS (
  SELECT t.relname, t.relowner, a.grantee, a.privilege_type
  FROM tables AS t
  CROSS JOIN LATERAL pg_catalog.aclexplode(t.relacl) AS a
  UNION ALL
  SELECT t.relname, t.relowner, a.grantee, a.privilege_type
  FROM tables AS t
  JOIN pg_catalog.pg_attribute AS c ON c.attrelid OPERATOR(pg_catalog.=) t.oid
  CROSS JOIN LATERAL pg_catalog.aclexplode(c.attacl) AS a
)
SELECT
  g.relname,
  CASE
    WHEN g.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC'
    ELSE pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text
  END
FROM grants AS g
WHERE g.grantee OPERATOR(pg_catalog.<>) g.relowner
  AND g.privilege_type
    OPERATOR(pg_catalog.=) ANY (ARRAY['INSERT', 'UPDATE', 'TRIGGER']::pg_catalog.text[])
  AND pg_catalog.has_schema_privilege(
    CASE
      WHEN g.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'public'
      ELSE pg_catalog.pg_get_userbyid(g.grantee)
    END,
    'hasura_migrate',
    'USAGE'
  )
ORDER BY 2
LIMIT 1

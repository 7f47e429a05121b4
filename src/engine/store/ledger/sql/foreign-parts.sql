-- What of the schema hasura_migrate belongs to neither the current user nor a role that it is a
-- member of: its owner could replace it, and would then run SQL as the current user. A superuser is
-- not taken for a member of every role, nor a user with CREATEROLE for one of the roles it has made.
WITH RECURSIVE own(id) AS (
  SELECT r.oid
  FROM pg_catalog.pg_roles AS r
  WHERE r.rolname OPERATOR(pg_catalog.=) current_user
  UNION
  SELECT m.roleid
  FROM pg_catalog.pg_auth_members AS m
  JOIN own ON m.member OPERATOR(pg_catalog.=) own.id
  WHERE COALESCE(
    pg_catalog.jsonb_extract_path_text(pg_catalog.to_jsonb(m), 'inherit_option')::boolean
      OR pg_catalog.jsonb_extract_path_text(pg_catalog.to_jsonb(m), 'set_option')::boolean,
    true
  )
),
parts(rank, name, owner) AS (
  SELECT 1, 'the schema hasura_migrate', n.nspowner
  FROM pg_catalog.pg_namespace AS n
  WHERE n.oid OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('hasura_migrate')::pg_catalog.oid
  UNION ALL
  SELECT 2, pg_catalog.concat('the table hasura_migrate.', c.relname), c.relowner
  FROM pg_catalog.pg_class AS c
  WHERE c.relnamespace
    OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('hasura_migrate')::pg_catalog.oid
  UNION ALL
  SELECT 3, pg_catalog.concat('the function hasura_migrate.', p.proname), p.proowner
  FROM pg_catalog.pg_proc AS p
  WHERE p.pronamespace
    OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('hasura_migrate')::pg_catalog.oid
)
SELECT p.name, pg_catalog.pg_get_userbyid(p.owner)
FROM parts AS p
WHERE NOT EXISTS (SELECT FROM own WHERE own.id OPERATOR(pg_catalog.=) p.owner)
ORDER BY p.rank, p.name
LIMIT 1

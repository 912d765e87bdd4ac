-- Users of RCU on a ClickHouse server with SQL access control, for the database `rcu`. Run it once as an administrator, after `rcu`
-- has migrated the schema, and give the roles to your people:
--
--     clickhouse-client --multiquery < deploy/clickhouse/roles.sql
--     GRANT rcu_analyst TO somebody;
--
-- An analyst reads views and nothing else: the views run with the rights of the user that migrated (SQL SECURITY DEFINER).
-- The embedded engine has the same rules in its users file.

CREATE SETTINGS PROFILE IF NOT EXISTS rcu_analyst;

ALTER SETTINGS PROFILE rcu_analyst SETTINGS
    readonly = 2 CONST,
    apply_deleted_mask = 1 CONST,
    max_concurrent_queries_for_user = 8 CONST,
    max_execution_time = 60 MAX 300,
    max_memory_usage = 2000000000 MAX 2000000000,
    max_result_rows = 1000000 MAX 1000000;

CREATE ROLE IF NOT EXISTS rcu_analyst SETTINGS PROFILE 'rcu_analyst';

GRANT SELECT ON rcu.customer_360 TO rcu_analyst;
GRANT SELECT ON rcu.customer_timeline TO rcu_analyst;
GRANT SELECT ON rcu.identity_quality TO rcu_analyst;
GRANT SELECT ON rcu.orders_by_channel TO rcu_analyst;
GRANT SELECT ON rcu.sends_without_permission TO rcu_analyst;
GRANT SELECT ON rcu.suppressed_topics TO rcu_analyst;

-- An analyst of one legal entity: a role for it, and a policy that shows the rows of that controller alone. A policy on a view hides the
-- other rows from the role, and from nobody else.
--
--     CREATE ROLE rcu_analyst_kabrand;
--     GRANT rcu_analyst TO rcu_analyst_kabrand;
--     CREATE ROW POLICY kabrand ON rcu.customer_360, rcu.customer_timeline, rcu.identity_quality, rcu.orders_by_channel,
--         rcu.sends_without_permission, rcu.suppressed_topics
--         USING controller = 'kabrand' TO rcu_analyst_kabrand;

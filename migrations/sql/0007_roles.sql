-- Two roles for the whole server.  Run by the migration where its role may (CREATEROLE or superuser), else by an
-- administrator, before `rasd db upgrade` or before 0007_grants.sql.  They have no password: give one with
-- ALTER ROLE rasd_analyst PASSWORD '...' before they connect over a network.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['rasd_loader', 'rasd_analyst'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I LOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server made it at the same moment
            END;
        END IF;
    END LOOP;
    -- a question that runs away ends by itself
    IF NOT EXISTS (
        SELECT FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole
        WHERE r.rolname = 'rasd_analyst' AND s.setdatabase = 0
    ) THEN
        ALTER ROLE rasd_analyst SET statement_timeout = '30s';
        ALTER ROLE rasd_analyst SET idle_in_transaction_session_timeout = '5min';
        ALTER ROLE rasd_analyst SET default_transaction_read_only = on;
        ALTER ROLE rasd_analyst SET search_path = report;
        -- the views join more tables than the planner reorders by itself
        ALTER ROLE rasd_analyst SET join_collapse_limit = 24;
        ALTER ROLE rasd_analyst SET from_collapse_limit = 24;
    END IF;
END
$$;

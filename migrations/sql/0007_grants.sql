-- What the two roles may do in this database.  Run by the migration where the roles exist; safe to repeat.
DO $$
DECLARE
    taker text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rasd_analyst') THEN
        GRANT USAGE ON SCHEMA report TO rasd_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA report TO rasd_analyst;
        ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT ON TABLES TO rasd_analyst;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rasd_loader') THEN
        GRANT USAGE ON SCHEMA public, report TO rasd_loader;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO rasd_loader;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA report TO rasd_loader;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, report TO rasd_loader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rasd_loader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO rasd_loader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rasd_loader;
    END IF;
    -- PostgreSQL lets everybody make temporary tables and large objects; an analyst should not even do that.
    FOR taker IN SELECT format('%I', rolname) FROM pg_roles WHERE rolname = 'rasd_loader' LOOP
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %s', current_database(), taker);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea), lo_unlink(oid),
            lo_put(oid, bigint, bytea), lo_open(oid, integer), lowrite(integer, bytea) FROM PUBLIC;
    END IF;
END
$$;

-- Back to the views of 0001.
DROP SCHEMA report CASCADE;
DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['rasd_loader', 'rasd_analyst'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = named) THEN
            BEGIN
                -- what it may do in this database; the role itself belongs to the server and stays
                EXECUTE format('DROP OWNED BY %I', named);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE NOTICE 'the rights of % are left to an administrator: DROP OWNED BY %', named, named;
            END;
        END IF;
    END LOOP;
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea), lo_unlink(oid),
            lo_put(oid, bigint, bytea), lo_open(oid, integer), lowrite(integer, bytea) TO PUBLIC;
    END IF;
END
$$;

#!/bin/sh
# docker-compose.yml runs this once, as PostgreSQL's superuser, when the volume is empty: the two databases and
# their roles.  rasd_owner changes the schema (migrate), rasd_loader the rows (worker), rasd_analyst asks
# questions; prefect owns its own database and sees no other.  The rights inside the database and what is set
# for rasd_analyst are the migration's (0007), so they are the same on every server.
set -eu
secret() { cat "${SECRETS:-/run/secrets}/$1_password"; }
psql --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set database="${RASD_DATABASE:-rasd}" --set owner="$(secret owner)" --set loader="$(secret loader)" \
  --set analyst="$(secret analyst)" --set prefect="$(secret prefect)" \
  --file "${ROLES:-/opt/rasd/roles.sql}" --file - <<'SQL'
ALTER ROLE rasd_loader PASSWORD :'loader';
ALTER ROLE rasd_analyst PASSWORD :'analyst';
CREATE ROLE rasd_owner LOGIN PASSWORD :'owner';
CREATE ROLE prefect LOGIN PASSWORD :'prefect';
CREATE DATABASE :"database" OWNER rasd_owner;
CREATE DATABASE prefect OWNER prefect;
REVOKE ALL ON DATABASE :"database", prefect FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO rasd_loader;
GRANT CONNECT ON DATABASE :"database" TO rasd_analyst;
ALTER DATABASE :"database" SET timezone TO 'UTC';
\connect :"database"
-- fresh statistics after a large load; the migration knows no name for this right before PostgreSQL 17
ALTER DEFAULT PRIVILEGES FOR ROLE rasd_owner GRANT MAINTAIN ON TABLES TO rasd_loader;
-- the migration may not take these away: they are the superuser's
REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea), lo_unlink(oid),
  lo_put(oid, bigint, bytea), lo_open(oid, integer), lowrite(integer, bytea) FROM PUBLIC;
SQL

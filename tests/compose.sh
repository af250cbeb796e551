#!/bin/sh
# Run docker-compose.yml for real, where a Docker engine is: build, start, load one article, stop, clean up.
#   sh tests/compose.sh
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
project=rasd-test-$$
RASD_SECRETS=$(mktemp -d)
export RASD_SECRETS
for name in postgres owner loader analyst prefect; do
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$RASD_SECRETS/${name}_password"
done
export RASD_POSTGRES_PORT=55432 RASD_PREFECT_PORT=54200 RASD_METRICS_PORT=59464
export RASD_INBOX_FOLDER="$folder"
export RASD_INBOX='[{"path": "/inbox", "name": "inbox", "interval": 10}]'
chmod 755 "$folder"
compose() { docker compose --project-name "$project" "$@"; }
trap 'compose down --volumes --timeout 30; rm -rf "$folder" "$RASD_SECRETS"' EXIT
compose config --quiet
compose up --detach --build --wait
cp tests/samples/ma-security-meeting.txt "$folder"/
ask() { compose exec -T -e PGPASSWORD="$(cat "$RASD_SECRETS/analyst_password")" postgres psql -h 127.0.0.1 -U rasd_analyst -d rasd -Atc "$1"; }
tries=0
until [ "$(ask 'SELECT count(*) FROM report.article')" = 1 ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { compose logs --tail 100; echo "the article was not loaded" >&2; exit 1; }
  sleep 5
done
curl --fail --silent http://127.0.0.1:59464/metrics | grep '^rasd_database_up 1'
curl --fail --silent http://127.0.0.1:54200/api/health
echo "loaded on a schedule; all well"

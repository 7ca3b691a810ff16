#!/bin/sh
# Makes the cluster once, as POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and PGDATA say; then serves.
# The image has a shell and the programs of Postgres, and no other.
set -eu
if [ ! -e "$PGDATA/complete" ]; then
  # A second `initdb` in what a killed one left says that the folder is not empty, and ends.
  printf '%s\n' "$POSTGRES_PASSWORD" | initdb --pgdata "$PGDATA" --username "$POSTGRES_USER" --pwfile /dev/stdin \
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --data-checksums
  printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
  : >"$PGDATA/complete"
fi
exec postgres -D "$PGDATA" -c 'listen_addresses=*' -c hba_file=/etc/postgresql/pg_hba.conf -c jit=off

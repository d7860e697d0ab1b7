#!/bin/sh
# The image runs this once, when its volume is new. It creates a database and a role for each program, so neither can
# read the other's. Synapse requires the C collation (https://element-hq.github.io/synapse/latest/postgres.html).
set -eu

make_database() {
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v name="$1" -v password="$(cat "/run/secrets/$1_database_password")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_database synapse
make_database whisper

#!/bin/sh
# Starts Synapse on the settings of the image, the two of the site, and the secrets, which stay out of both.
set -eu
umask 077

: "${SERVER_NAME:?is not set: run docker/prepare.sh}"
: "${PUBLIC_URL:?is not set: run docker/prepare.sh}"
settings="${SYNAPSE_SETTINGS:-/etc/synapse/homeserver.yaml}"
secrets="${SYNAPSE_SECRETS:-/run/secrets}"
run="${SYNAPSE_RUN:-/run/synapse}"

# Quoted as YAML has it; neither holds a quote, which prepare.sh has made sure of.
printf 'server_name: "%s"\npublic_baseurl: "%s/"\n' "$SERVER_NAME" "${PUBLIC_URL%/}" >"$run/site.yaml"
# libpq's password file, for Synapse takes the password from nowhere else but its settings.
printf 'postgres:5432:synapse:synapse:%s\n' "$(cat "$secrets/synapse_database_password")" >"$run/pgpass"

set -- --config-path "$settings" --config-path "$run/site.yaml" "$@"
# Makes the signing key at the first start.
python -m synapse.app.homeserver "$@" --generate-keys
exec python -m synapse.app.homeserver "$@"

#!/bin/sh
# Starts Synapse with the image's settings, the site's two settings, and the secrets, which are kept out of both.
set -eu
umask 077

: "${SERVER_NAME:?is not set: run docker/prepare.sh}"
: "${PUBLIC_URL:?is not set: run docker/prepare.sh}"
settings="${SYNAPSE_SETTINGS:-/etc/synapse/homeserver.yaml}"
secrets="${SYNAPSE_SECRETS:-/run/secrets}"
run="${SYNAPSE_RUN:-/run/synapse}"

# Quoted for YAML. prepare.sh has made sure that neither contains a quote.
printf 'server_name: "%s"\npublic_baseurl: "%s/"\n' "$SERVER_NAME" "${PUBLIC_URL%/}" >"$run/site.yaml"
# libpq's password file, because otherwise Synapse takes the password only from its settings.
printf 'postgres:5432:synapse:synapse:%s\n' "$(cat "$secrets/synapse_database_password")" >"$run/pgpass"

set -- --config-path "$settings" --config-path "$run/site.yaml" "$@"
# Creates the signing key at the first start.
python -m synapse.app.homeserver "$@" --generate-keys
exec python -m synapse.app.homeserver "$@"

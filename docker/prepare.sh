#!/bin/sh
# Makes what compose.yaml needs: .env with the practice's names, and secrets/ with passwords that nobody has to invent.
# What is there already is kept, so it can be run again.
#
#   docker/prepare.sh chat.practice.example.com.au "Wattle Street Family Practice" [--self-signed]
set -eu
umask 077
cd "$(dirname "$0")"

host="${1:-}"
practice="${2:-}"
case "$host" in
'' | *[!a-z0-9.-]* | -* | .*)
  echo "Usage: docker/prepare.sh <host name of the messenger, lower case> <name of the practice> [--self-signed]" >&2
  exit 64
  ;;
esac
case "$practice" in
'' | *[\"\\\$\`]* | *"
"*)
  echo "The name of the practice is missing, or holds one of \" \\ \$ \`" >&2
  exit 64
  ;;
esac

if [ -e .env ]; then
  echo "kept .env"
else
  cat >.env <<ENV
# The part of every user id after the colon. It cannot be changed later.
SERVER_NAME="$host"
# Where browsers reach everything: the client, the homeserver and Whisper.
PUBLIC_HOST="$host"
PRACTICE_NAME="$practice"
TIMEZONE="Australia/Sydney"
# On this machine. Publish HTTPS to the practice's network only.
HTTP_PORT=80
HTTPS_PORT=443
ENV
  echo "wrote .env"
fi

# Only their owner may enter the folder; inside, the containers' users must be able to read.
mkdir -p secrets tls
chmod 0700 secrets tls
secret() {
  [ -s "secrets/$1" ] && return
  (umask 022 && printf '%s\n' "$2" >"secrets/$1")
  echo "wrote secrets/$1"
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
for name in postgres_password synapse_database_password whisper_database_password policy_token \
  synapse_macaroon_secret synapse_form_secret synapse_registration_secret; do
  secret "$name" "$(random)"
done
secret whisper_database_url "postgres://whisper:$(cat secrets/whisper_database_password)@postgres:5432/whisper"

if [ "${3:-}" = --self-signed ] && [ ! -e tls/certificate.pem ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
    -keyout tls/key.pem -out tls/certificate.pem 2>/dev/null
  echo "wrote tls/certificate.pem, for trying things out: browsers will warn"
fi
[ -e tls/certificate.pem ] || echo "Now put the certificate into docker/tls/certificate.pem and its key into docker/tls/key.pem"

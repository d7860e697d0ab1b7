#!/bin/sh
# Creates what compose.yaml needs: .env with the practice's names, and secrets/ with random passwords.
# Keeps existing files, so it can be run again.
#
#   docker/prepare.sh chat.practice.example.com.au "Wattle Street Family Practice" [--timezone Australia/Perth] [--self-signed]
set -eu
umask 077
cd "$(dirname "$0")"

refuse() {
  echo "$1" >&2
  exit 64
}
usage="Usage: docker/prepare.sh <host name of the messenger, lower case> <name of the practice> [--timezone <zone>] [--self-signed]"

[ $# -ge 2 ] || refuse "$usage"
host="$1"
practice="$2"
shift 2
timezone=
self_signed=no
while [ $# -gt 0 ]; do
  case "$1" in
  --timezone)
    [ $# -ge 2 ] || refuse "$usage"
    timezone="$2"
    shift
    ;;
  --self-signed) self_signed=yes ;;
  *) refuse "Unknown argument: $1. $usage" ;;
  esac
  shift
done

case "$host" in
'' | *[!a-z0-9.-]* | -* | .*) refuse "$usage" ;;
esac
case "$practice" in
'') refuse "$usage" ;;
*[[:cntrl:]]*) refuse "The practice's name must be a single line of text." ;;
esac
# Compose takes everything in single quotes literally. An apostrophe needs double quotes, where some characters are special.
case "$practice" in
*"'"*[\"\\\$\`]* | *[\"\\\$\`]*"'"* | *'${'*)
  refuse "The practice's name has characters that .env can't hold: \${, or an apostrophe together with one of \" \\ \$ \`. Use ’ as the apostrophe, and leave out \${."
  ;;
*"'"*) quoted="\"$practice\"" ;;
*) quoted="'$practice'" ;;
esac

# The time zone for showing arrivals: from the argument, else the answer, else this machine's.
known_zone() {
  case "$1" in
  '' | *[!A-Za-z0-9_+/-]* | /* | */) return 1 ;;
  esac
  [ ! -d /usr/share/zoneinfo ] || [ -f "/usr/share/zoneinfo/$1" ]
}
if [ ! -e .env ]; then
  here=$(cat /etc/timezone 2>/dev/null || readlink /etc/localtime | sed 's#.*/zoneinfo/##') || here=
  case "$here" in
  Australia/*) ;;
  *) here=Australia/Sydney ;;
  esac
  if [ -z "$timezone" ] && [ -t 0 ]; then
    printf "The practice's time zone [%s]: " "$here"
    read -r timezone
  fi
  if [ -z "$timezone" ]; then
    timezone=$here
    echo "The time zone is $timezone. To use another, pass --timezone or change TIMEZONE in docker/.env."
  fi
  known_zone "$timezone" || refuse "Unknown time zone: $timezone. Write it like Australia/Perth."
fi

if [ -e .env ]; then
  echo "kept .env"
else
  cat >.env <<ENV
# The part of every user id after the colon. It cannot be changed later.
SERVER_NAME="$host"
# Where browsers reach everything: the client, the homeserver and Whisper.
PUBLIC_HOST="$host"
PRACTICE_NAME=$quoted
TIMEZONE="$timezone"
# Ports on this machine. Publish HTTPS to the practice's network only.
HTTP_PORT=80
HTTPS_PORT=443
ENV
  echo "wrote .env"
fi

# Only the owner may enter the folders; the containers' users must be able to read the files in them.
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
# The keys of the record of everything that happened. Without them, it cannot be read: keep a copy apart from the database's backups.
secret audit_keys "$(date -u +%Y%m%dT%H%M%S) $(random)"

# compose.yaml mounts these into containers with other users, and the clone may have been made under umask 077.
chmod 0755 postgres/databases.sh
chmod 0644 nginx/*

if [ "$self_signed" = yes ] && [ ! -e tls/certificate.pem ]; then
  case "$host" in
  *[!0-9.]*) subject="DNS:$host" ;;
  *) subject="IP:$host" ;;
  esac
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$host" -addext "subjectAltName=$subject" \
    -keyout tls/key.pem -out tls/certificate.pem 2>/dev/null ||
    refuse "Can't create a certificate for $host. Check that openssl is installed."
  echo "wrote tls/certificate.pem, for testing only: browsers will show a warning"
fi
[ -e tls/certificate.pem ] || echo "Now put the certificate into docker/tls/certificate.pem and its key into docker/tls/key.pem."

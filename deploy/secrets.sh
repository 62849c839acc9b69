#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, in deploy/secrets/. What is there already stays.
#
#   sudo deploy/secrets.sh
#
# Run as root: each file belongs to the user of the containers that read it, and to nobody else.
# KEEP A COPY of master.key elsewhere: without it nothing in the log can be read again.
set -eu
umask 077
cd "$(dirname "$0")/secrets"

annals=10001    # the user of the Annals image
kurrentdb=1000  # the user of the KurrentDB image
nginx=101       # the user of the nginx image

if [ "$(id -u)" != 0 ]; then
  echo "deploy/secrets.sh: must run as root, to give each file to the user who reads it" >&2
  exit 1
fi

random() { openssl rand -hex "$1"; }

# make FILE OWNER COMMAND...: writes what the command prints, unless the file is there.
make() {
  file=$1 owner=$2
  shift 2
  if [ ! -s "$file" ]; then
    "$@" >"$file.new"
    mv "$file.new" "$file"
  fi
  chown "$owner:$owner" "$file"
  chmod 0400 "$file"
}

# The server takes its first passwords from the environment alone; deploy/kurrentdb/start.sh reads this.
kurrentdb_environment() {
  printf 'export KURRENTDB_DEFAULT_ADMIN_PASSWORD=%s\n' "$(cat kurrentdb-admin.password)"
  printf 'export KURRENTDB_DEFAULT_OPS_PASSWORD=%s\n' "$(random 24)"
}

make master.key "$annals" random 32
make annals.password "$annals" random 24
make annals-keeper.password "$annals" random 24
make kurrentdb-admin.password "$annals" random 24
make kurrentdb.env "$kurrentdb" kurrentdb_environment

# The key that tokens are signed with. Only its public half goes into a container.
make issuer.key 0 openssl genpkey -algorithm ed25519
make issuer.pem "$annals" openssl pkey -in issuer.key -pubout

# For trying out: exchange both for a certificate that the callers of your service trust.
make front.key "$nginx" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make front.crt "$nginx" openssl req -x509 -key front.key -days 365 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1

echo "deploy/secrets/ is complete; keep a copy of master.key in another place"

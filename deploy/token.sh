#!/bin/sh
# Prints a token for one hour, signed with deploy/secrets/issuer.key: for trying out, and as long as no
# identity provider makes them.
#
#   sudo deploy/token.sh SUBJECT TENANT ROLE
#
# Needs OpenSSL 3. Roles: admin, auditor, user, writer.
set -eu

if [ $# != 3 ]; then
  echo "usage: deploy/token.sh SUBJECT TENANT ROLE" >&2
  exit 64
fi
case "$1$2$3" in
*[!A-Za-z0-9@._-]*)
  echo "deploy/token.sh: letters, digits and @ . _ - only" >&2
  exit 64
  ;;
esac

key=$(dirname "$0")/secrets/issuer.key
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

header=$(printf '{"alg":"EdDSA","typ":"JWT"}' | base64url)
claims=$(printf '{"sub":"%s","tenant":"%s","roles":["%s"],"exp":%s}' \
  "$1" "$2" "$3" "$(($(date +%s) + 3600))" | base64url)

# Ed25519 signs a file in one go, so the text has to be one.
text=$(mktemp)
trap 'rm -f "$text"' EXIT
printf '%s.%s' "$header" "$claims" >"$text"
signature=$(openssl pkeyutl -sign -inkey "$key" -rawin -in "$text" | base64url)
printf '%s.%s.%s\n' "$header" "$claims" "$signature"

#!/bin/sh
# Makes the two users of Annals on the server: the writer, and the keeper, who may write the metadata of
# streams. What they may do is written by `annals eventstore setup`, which runs after this.
set -eu

tries_max=60

# make USER FULL_NAME: 201 it is made, 409 it was there.
make() {
  user=$1 name=$2
  tries=0
  while [ "$tries" -lt "$tries_max" ]; do
    for node in kurrentdb1 kurrentdb2 kurrentdb3; do
      # Everything secret goes through files and standard input, not through arguments.
      printf '{"loginName":"%s","fullName":"%s","groups":[],"password":"%s"}' \
        "$user" "$name" "$(cat "/run/secrets/$user.password")" >/tmp/user.json
      status=$(printf 'user = "admin:%s"\n' "$(cat /run/secrets/kurrentdb-admin.password)" |
        curl --config - --silent --output /dev/null --write-out '%{http_code}' --max-time 10 \
          --cacert /trusted/ca.crt --header 'Content-Type: application/json' \
          --data @/tmp/user.json "https://$node:2113/users/") || status=none
      rm -f /tmp/user.json
      case $status in
      201 | 409)
        echo "user $user: $status from $node"
        return 0
        ;;
      esac
    done
    tries=$((tries + 1))
    sleep 2
  done
  echo "cannot make the user $user: the last answer was $status, from $node" >&2
  return 1
}

make annals 'Annals, writer'
make annals-keeper 'Annals, keeper of stream metadata'

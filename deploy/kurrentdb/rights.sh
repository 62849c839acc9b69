#!/usr/bin/env bash
# Writes what the users of Annals, and nobody else, may do on the server; asks again until it has a leader.
set -euo pipefail

tries_max=30
servers=kurrentdb1:2113,kurrentdb2:2113,kurrentdb3:2113
# The administrator is named in the environment of this one command, not in an argument that others see.
ANNALS_STORE__URL="esdb://admin:$(</run/secrets/kurrentdb-admin.password)@$servers?tlsCaFile=/trusted/ca.crt"
export ANNALS_STORE__URL

for ((try = 1; ; try++)); do
  if annals eventstore setup --writer annals --keeper annals-keeper; then
    exit 0
  fi
  if ((try == tries_max)); then
    exit 1
  fi
  sleep 2
done

#!/bin/sh
# Starts KurrentDB with first passwords of our own. The server reads them from the environment alone; set
# here, they stand neither in docker-compose.yml nor in what `docker inspect` shows.
set -eu
. /run/secrets/kurrentdb.env
exec /opt/kurrentdb/KurrentDB

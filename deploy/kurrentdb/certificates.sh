#!/usr/bin/env bash
# Makes the certificates of the three KurrentDB nodes, with Kurrent's own tool. Runs at every start and
# leaves alone what is there; a node's certificate that is over a year old is made anew.
set -euo pipefail

authority=/authority/ca  # the key of the authority; no other service sees it
nodes=/certificates      # the nodes' certificates and keys
trusted=/trusted         # the certificate of the authority alone, for whoever connects
kurrentdb=1000           # the user of the KurrentDB image

# The tool ends with 0 also when it fails, and wants to make its folders itself.
must_exist() {
  if [[ ! -s $1 ]]; then
    echo "es-gencert-cli did not make $1; see above" >&2
    exit 1
  fi
}

if [[ ! -s $authority/ca.key ]]; then
  rm -rf "$authority"
  es-gencert-cli create-ca -days 3650 -out "$authority"
  must_exist "$authority/ca.key"
fi

for node in kurrentdb1 kurrentdb2 kurrentdb3; do
  folder=$nodes/$node
  if [[ -s $folder/node.key && -z $(find "$folder/node.crt" -mtime +365) ]]; then
    continue
  fi
  rm -rf "$folder"
  es-gencert-cli create-node -ca-certificate "$authority/ca.crt" -ca-key "$authority/ca.key" \
    -days 730 -out "$folder" -dns-names "$node,localhost" -ip-addresses 127.0.0.1
  must_exist "$folder/node.key"
done

mkdir -p "$nodes/trusted"
cp -f "$authority/ca.crt" "$nodes/trusted/ca.crt"
cp -f "$authority/ca.crt" "$trusted/ca.crt"
chown -R "$kurrentdb:$kurrentdb" "$nodes"
chmod 0444 "$nodes/trusted/ca.crt" "$trusted/ca.crt"
chmod 0755 "$trusted"

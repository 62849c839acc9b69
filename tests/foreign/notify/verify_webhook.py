"""Verifies a webhook as a receiver does: HMAC by the reference library of Standard Webhooks, ed25519 by
`cryptography`. Reads JSON on standard input; exits with 0 when one of the signatures holds."""

import base64
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

given = json.load(sys.stdin)
headers, body, key = given["headers"], given["body"], given["key"]

if key.startswith("whsec_"):
    try:
        read = Webhook(key).verify(body, headers)
    except WebhookVerificationError as error:
        sys.exit(f"refused: {error}")
    assert read == json.loads(body)
else:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for signature in headers["webhook-signature"].split(" "):
        version, _, value = signature.partition(",")
        try:
            assert version == "v1a"
            public.verify(base64.b64decode(value), signed)
            break
        except Exception:
            continue
    else:
        sys.exit("refused: no signature holds")
print("verified")

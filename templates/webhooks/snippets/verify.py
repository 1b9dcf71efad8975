import base64, hashlib, hmac, time


def verify(secret: str, headers, body: bytes, tolerance: int = 300) -> bool:
    """`headers` by their lower-case names; `body` as it came, before it is read as JSON."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > tolerance:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    # While a secret is being replaced there are two signatures.
    signatures = [part.partition(",") for part in headers["webhook-signature"].split()]
    return any(version == "v1" and hmac.compare_digest(signature, expected)
               for version, _, signature in signatures)

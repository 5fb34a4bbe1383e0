"""A small Google Cloud Storage (XML API) that verifies signed addresses (V4, RSA): tampered is 403, expired 400, as the real one answers.

Requests without a signature are the client's own, which the real one would ask an OAuth token for.
There is nobody here to issue one, so they are let through.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from support.fakes.object_server import ObjectServer, Refused

ALGORITHM = "GOOG4-RSA-SHA256"
HOST = "storage.googleapis.com"
ACCOUNT = "tests@project.iam.gserviceaccount.com"


@dataclass
class Gcs(ObjectServer):
    """`key` is the service account's."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def environment(self) -> dict[str, str]:
        pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        account = {"private_key": pem.decode(), "private_key_id": "1", "client_email": ACCOUNT}
        return {
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account),
            "GOOGLE_BASE_URL": f"http://127.0.0.1:{self.port}",
            "GOOGLE_SKIP_SIGNATURE": "true",
            "GOOGLE_ALLOW_HTTP": "true",
        }

    def verify(self, request: web.Request, body: bytes) -> None:
        pairs = [part.partition("=")[::2] for part in request.rel_url.raw_query_string.split("&") if part]
        query = {name: unquote(value) for name, value in pairs}
        if not any(name.startswith("X-Goog-") for name in query):
            return
        given = query.get("X-Goog-Signature", "")
        signed, stamp, credential = query["X-Goog-SignedHeaders"], query["X-Goog-Date"], query["X-Goog-Credential"]
        account, _, scope = credential.partition("/")
        if query["X-Goog-Algorithm"] != ALGORITHM or account != ACCOUNT:
            raise Refused(403, "AccessDenied")
        plain = [(quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")) for name, value in pairs]
        rest = sorted(f"{name}={value}" for name, value in plain if name != "X-Goog-Signature")
        # obstore signs for the real host, whatever address it was given.
        sent = {**request.headers, "host": HOST}
        headers = "".join(f"{name}:{' '.join(sent.get(name, '').split())}\n" for name in signed.split(";"))
        path = quote(unquote(request.rel_url.raw_path), safe="/-_.~")
        canonical = "\n".join([request.method, path, "&".join(rest), headers, signed, "UNSIGNED-PAYLOAD"])
        text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        try:
            self.key.public_key().verify(bytes.fromhex(given), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError) as error:
            raise Refused(403, "SignatureDoesNotMatch") from error
        began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if datetime.now(UTC) > began + timedelta(seconds=int(query["X-Goog-Expires"])):
            raise Refused(400, "ExpiredToken")

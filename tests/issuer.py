"""An issuer of tokens for tests, in nothing but Python: its keys follow from their names and protect nothing.

    tests/issuer.py keys [NAME ...]              a JSON Web Key Set of the public keys
    tests/issuer.py token KEY [CLAIMS [HEADER]]  a token signed with a key; members are changed as JSON says, null removes one
    tests/issuer.py sign KEY HEADER CLAIMS       a token of two texts as they are
    tests/issuer.py hmac SECRET [CLAIMS]         a token of HS256
    tests/issuer.py twin TOKEN                   the other signature that whoever has one of ES256 can make

Keys: ed..., es..., rs...; what follows only makes another one. Without CLAIMS a token is good: of sub "anna" at
https://login.example/group for mandant, issued a minute ago, for an hour.
"""

import base64
import hashlib
import hmac
import json
import sys
import time

ISSUER = "https://login.example/group"
AUDIENCE = "mandant"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def seed(name):
    return hashlib.sha256(b"test key " + name.encode()).digest()


# P-256 (FIPS 186-5), affine: a few milliseconds are no matter here

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(n, point, plus=add):
    total = None
    while n:
        total = plus(total, point) if n & 1 else total
        point, n = plus(point, point), n >> 1
    return total


class ES256:
    def __init__(self, name):
        self.secret = int.from_bytes(seed(name), "big") % N
        x, y = times(self.secret, G)
        self.public = {"kty": "EC", "crv": "P-256", "x": encode(x.to_bytes(32, "big")), "y": encode(y.to_bytes(32, "big"))}

    def sign(self, message):
        digest = hashlib.sha256(message).digest()
        nonce = int.from_bytes(hashlib.sha256(seed("nonce") + digest).digest(), "big") % N
        r = times(nonce, G)[0] % N
        s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * self.secret) % N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# Ed25519 (RFC 8032)

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q
B = (15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, Q) % Q)


def add_edwards(a, b):
    if a is None or b is None:
        return a or b
    product = D * a[0] * b[0] * a[1] * b[1]
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, Q) % Q,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, Q) % Q)


def point(n):
    x, y = times(n, B, add_edwards)
    return (y | (x & 1) << 255).to_bytes(32, "little")


class EdDSA:
    def __init__(self, name):
        digest = hashlib.sha512(seed(name)).digest()
        self.secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix, self.point = digest[32:], point(self.secret)
        self.public = {"kty": "OKP", "crv": "Ed25519", "x": encode(self.point)}

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L
        nonce = number(self.prefix, message)
        commitment = point(nonce)
        answer = (nonce + number(commitment, self.point, message) * self.secret) % L
        return commitment + answer.to_bytes(32, "little")


# RSASSA-PKCS1-v1_5 (RFC 8017)

class RS256:
    # How far from where `prime` begins it found them, which takes a second.
    FOUND = {"rs p": 900, "rs q": 554}

    def __init__(self, name):
        p, q = (self.prime(f"{name} {which}") for which in "pq")
        self.n, self.secret = p * q, pow(65537, -1, (p - 1) * (q - 1))
        self.size = (self.n.bit_length() + 7) // 8
        self.public = {"kty": "RSA", "n": encode(self.n.to_bytes(self.size, "big")), "e": "AQAB"}

    def prime(self, name):
        start = int.from_bytes(hashlib.shake_256(seed(name)).digest(128), "big") | 3 << 1022 | 1
        if name in self.FOUND:
            return start + self.FOUND[name]
        # Fermat's test will do for numbers that nobody chose
        return next(n for n in range(start, start + (1 << 20), 2) if all(pow(b, n - 1, n) == 1 for b in (2, 3, 5)))

    def sign(self, message):
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
        padded = b"\0\1" + b"\xff" * (self.size - len(digest) - 3) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self.secret, self.n).to_bytes(self.size, "big")


def key(name):
    kind = {"ed": EdDSA, "es": ES256, "rs": RS256}[name[:2]]
    return kind(name)


def keys(*names):
    """The key set an issuer with these keys publishes."""
    listed = []
    for name in names or ("ed", "es", "rs"):
        made = key(name)
        listed.append({**made.public, "kid": name, "alg": type(made).__name__, "use": "sig"})
    return {"keys": listed}


def changed(members, by):
    merged = {**members, **(by or {})}
    return json.dumps({name: value for name, value in merged.items() if value is not None}, separators=(",", ":"))


def token(name, claims=None, header=None):
    """A token signed with a key; `claims` and `header` change what stands in it."""
    now, made = int(time.time()), key(name)
    header = changed({"typ": "JWT", "alg": type(made).__name__, "kid": name}, header)
    claims = changed({"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now - 60, "exp": now + 3600}, claims)
    return sign(name, header, claims)


def sign(name, header, claims):
    """A token of two JSON texts as they are."""
    signed = f"{encode(header.encode())}.{encode(claims.encode())}"
    return f"{signed}.{encode(key(name).sign(signed.encode()))}"


def symmetric(secret, claims=None):
    """A token of HS256, as one library or another takes it when it is told to check with a public key."""
    signed = token("ed", claims, {"alg": "HS256"}).rpartition(".")[0]
    return f"{signed}.{encode(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def twin(text):
    signed, _, signature = text.rpartition(".")
    signature = base64.urlsafe_b64decode(signature + "==")
    s = N - int.from_bytes(signature[32:], "big")
    return f"{signed}.{encode(signature[:32] + s.to_bytes(32, 'big'))}"


def main(command, *arguments):
    if command == "keys":
        print(json.dumps(keys(*arguments)))
    elif command == "token":
        print(token(arguments[0], *(json.loads(text) for text in arguments[1:])))
    elif command == "sign":
        print(sign(*arguments))
    elif command == "hmac":
        print(symmetric(arguments[0], *(json.loads(text) for text in arguments[1:])))
    elif command == "twin":
        print(twin(*arguments))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])

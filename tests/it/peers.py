"""Signs and judges messages with dkimpy: python3 peers.py FOLDER COUNT.

FOLDER holds keys (NAME.pem, or NAME.ed in base64) and zone.json, a record for each name. Writes N.eml files, and prints
a line for each: its name, whether dkimpy takes it, and which fault it has.
"""

import json
import random
import sys

import dkim

folder, count = sys.argv[1], int(sys.argv[2])
zone = json.load(open(f"{folder}/zone.json"))
draw = random.Random(20260302)


def record(name, timeout=5):
    text = zone.get(name.decode().rstrip(".") if isinstance(name, bytes) else name.rstrip("."))
    return text.encode() if text is not None else None


def key(name, kind):
    return open(f"{folder}/{name}.{kind}", "rb").read()


def message():
    words = ["mail", "order", "your", "Stra\u00dfe", "1234", "http://www.example.com/?a=b", ".", "=20", "x  y", "\t"]
    text = lambda n: " ".join(draw.choice(words) for _ in range(n))
    lines = [text(draw.randrange(8)) for _ in range(draw.randrange(1, 30))] + [""] * draw.randrange(4)
    headers = ["From: Sender <news@example.test>", "To: b@example.org", "Subject: " + text(5),
               "Date: Mon, 02 Mar 2026 03:09:00 +0000", "Message-ID: <1@example.test>", "MIME-Version: 1.0"]
    return ("\r\n".join(headers) + "\r\n\r\n" + "\r\n".join(lines) + "\r\n").encode()


FAULTS = ["none", "none", "none", "wrong key", "body", "header", "cut", "no record", "revoked", "ed25519", "1024", "512",
          "length", "footer behind length", "ed25519 body", "subject folded"]

for n in range(count):
    fault = FAULTS[n % len(FAULTS)]
    whole = message()
    canon = draw.choice([b"relaxed", b"simple"]), draw.choice([b"relaxed", b"simple"])
    selector, secret, algorithm = "s1", key("s1", "pem"), b"rsa-sha256"
    if fault == "wrong key":
        secret = key("s2", "pem")
    elif fault in ("1024", "512"):
        selector, secret = "k" + fault, key("k" + fault, "pem")
    elif fault in ("no record", "revoked"):
        selector = "nosuch" if fault == "no record" else "rev"
    elif fault.startswith("ed25519"):
        selector, secret, algorithm = "ed1", key("ed1", "ed"), b"ed25519-sha256"
    signature = dkim.sign(whole, selector.encode(), b"example.test", secret, canonicalize=canon,
                          signature_algorithm=algorithm, length=fault.endswith("length"),
                          include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"mime-version"])
    head, body = whole.split(b"\r\n\r\n", 1)
    if fault in ("body", "ed25519 body"):
        body = b"Hello\r\n" + body
    elif fault == "footer behind length":
        body += b"-- \r\nfooter\r\n"
    elif fault == "header":
        head = head.replace(b"Subject: ", b"Subject: [list] ")
    elif fault == "subject folded":
        head = head.replace(b"Subject: ", b"Subject:\r\n\t")
    elif fault == "cut":
        signature = signature.rstrip()[: -draw.randrange(5, 200)].rstrip() + b"\r\n"
    whole = signature + head + b"\r\n\r\n" + body
    open(f"{folder}/{n:04}.eml", "wb").write(whole)
    try:
        holds = dkim.verify(whole, dnsfunc=record)
    except Exception:
        holds = False
    print(f"{n:04}.eml\t{'holds' if holds else 'fails'}\t{fault}")

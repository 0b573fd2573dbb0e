# Copyright: (c) 2026, causeway.ipsec contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""package_proxy.py NAMESPACE ADDRESS PORT CACHE: an HTTP proxy for apt, all that the virtual machines see of the world.

It listens inside the network namespace and fetches from outside of it. Packages are kept: a .deb never changes.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

CACHE = Path(sys.argv[4])
PASSED_ON = ("If-Modified-Since", "Range", "If-Range", "User-Agent", "Cache-Control")


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if urlsplit(self.path).scheme != "http":
            self.send_error(400, "a proxy for http only")
        elif self.path.endswith(".deb"):
            self.answer_with_file(self.cached())
        else:
            self.pass_on()

    def cached(self) -> Path | None:
        """The package's file, fetched the first time; None if the mirror doesn't give it."""
        file = CACHE / sha256(self.path.encode()).hexdigest()
        if file.exists():
            return file
        with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as part:
            try:
                with urllib.request.urlopen(self.path, timeout=60) as response:  # noqa: S310  (its scheme was checked)
                    shutil.copyfileobj(response, part)
                    length = response.headers["Content-Length"]
            except OSError:
                length = "none"
            whole = length in (None, str(part.tell()))  # a connection that broke is not always an error
        if not whole:
            Path(part.name).unlink()
            return None
        return Path(part.name).rename(file)

    def answer_with_file(self, file: Path | None) -> None:
        if file is None:
            self.send_error(502)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(file.stat().st_size))
        self.end_headers()
        with file.open("rb") as content:
            shutil.copyfileobj(content, self.wfile)

    def pass_on(self) -> None:
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        request = urllib.request.Request(self.path, headers=headers)  # noqa: S310  (its scheme was checked)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310  (likewise)
                status, answered, body = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, answered, body = error.code, error.headers, error.read()
        except OSError:
            self.send_error(502)
            return
        self.send_response(status)
        for name in ("Content-Type", "Content-Range", "Last-Modified"):
            if name in answered:
                self.send_header(name, answered[name])
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        """Says nothing of what went well."""


def enter(namespace: Path) -> None:
    """Makes this process's next sockets those of another network namespace; the ones it has stay where they are."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    if libc.setns(descriptor, 0x40000000):  # CLONE_NEWNET; Python has os.setns from 3.12 on
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    os.close(descriptor)


def main() -> None:
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(Path("/run/netns") / sys.argv[1])
    server = ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), Proxy)
    enter(Path(f"/proc/self/fd/{outside}"))
    CACHE.mkdir(parents=True, exist_ok=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

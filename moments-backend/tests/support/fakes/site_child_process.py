"""`python site_child_process.py SCRIPT`: the child that runs yt-dlp, in a world of the test's: names that a script resolves, and an
extractor for `http://fake.test/...` whose answers the address itself names. Everything else is the real one.

SCRIPT is JSON: `{"names": {"host": [["1.2.3.4"], ["127.0.0.1"]]}}`; the n-th look-up gets the n-th answer, later ones the last.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import urllib.request
from typing import Any

import yt_dlp.globals
from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError

from videomoments.sources import site_child

_real = socket.getaddrinfo
_asked: dict[str, int] = {}
_script: dict[str, Any] = json.loads(sys.argv[1])


def _scripted(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    if host not in _script["names"]:
        return _real(host, port, *args, **kwargs)
    answers = _script["names"][host]
    turn = _asked[host] = _asked.get(host, -1) + 1
    return [_real(address, port, type=socket.SOCK_STREAM)[0] for address in answers[min(turn, len(answers) - 1)]]


def _get(url: str) -> None:
    urllib.request.urlopen(url, timeout=5).read()


def _ask(host: str, port: int) -> None:
    http.client.HTTPConnection(host, port, timeout=5).request("GET", "/")


def _through_proxy(host: str, port: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{host}:{port}"}))
    opener.open("http://public.test/", timeout=5).read()


WAYS_OUT: dict[str, Any] = {
    "socket": lambda host, port: socket.create_connection((host, port), 5),
    "raw": lambda host, port: socket.socket().connect((host, port)),
    "raw_ex": lambda host, port: socket.socket().connect_ex((host, port)),
    "name": lambda _, port: socket.socket().connect(("localhost", port)),
    "mapped": lambda host, port: socket.socket(socket.AF_INET6).connect((f"::ffff:{host}", port)),
    "udp": lambda host, port: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, port)),
    "message": lambda host, port: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, (host, port)),
    "unix": lambda _, __: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"),
    "urllib": lambda host, port: _get(f"http://{host}:{port}/"),
    "client": _ask,
    "proxy": _through_proxy,
    "program": lambda host, port: subprocess.run(["curl", f"http://{host}:{port}/"], check=False),
    "listening": lambda host, _: socket.socket().bind((host, 0)),
}


class FakeIE(InfoExtractor):  # type: ignore[misc]
    _VALID_URL = r"http://fake\.test/(?P<what>[a-z_]+)/(?P<id>[^?]*)"

    def _real_extract(self, url: str) -> Any:
        what, rest = self._match_valid_url(url).group("what", "id")
        host = rest.rpartition("/")[0] if "/" in rest else rest
        if what == "out":
            way, address, port = rest.split("/")
            WAYS_OUT[way](address, int(port))
            raise AssertionError("it was let out")
        return getattr(self, f"_{what}")(rest, f"http://{host}")

    def _apart(self, rest: str, base: str) -> Any:
        sound = {"url": f"{base}/sound.m4a", "format_id": "2", "vcodec": "none", "acodec": "mp4a.40.2", "ext": "m4a"}
        low = {"url": f"{base}/low.mp4", "format_id": "3", "height": 360, "vcodec": "avc1", "acodec": "mp4a.40.2", "ext": "mp4"}
        high = {"url": f"{base}/high.mp4", "format_id": "1", "height": 1080, "vcodec": "avc1", "acodec": "none", "ext": "mp4"}
        subtitles = {"de": [{"url": f"{base}/de.vtt", "ext": "vtt"}], "en": [{"url": f"{base}/en.vtt", "ext": "vtt"}]}
        chapters = [
            {"start_time": 0, "end_time": 2, "title": "One\u202e"},
            {"start_time": "x", "end_time": 4},
            {"start_time": 2, "end_time": 4},
        ]
        formats = [low, high, sound]
        return {
            "id": "a/../b",
            "title": "Apart/\n../etc",
            "uploader": "Ada",
            "upload_date": "20250102",
            "language": "de",
            "formats": formats,
            "subtitles": subtitles,
            "chapters": chapters,
        }

    def _list(self, rest: str, base: str) -> Any:
        return self.playlist_result(
            [self.url_result(f"{base}/page?{number}", video_title=f"Part {number}") for number in range(40)], "list", "A channel", ""
        )

    def _live(self, rest: str, base: str) -> Any:
        return {"id": "1", "title": "Live", "url": f"{base}/v.mp4", "is_live": True}

    def _announced(self, rest: str, base: str) -> Any:
        return {"id": "1", "title": "Large", "url": f"{base}/v.mp4", "filesize": 10**15}

    def _private(self, rest: str, base: str) -> Any:
        raise ExtractorError("Private video. Sign in if you've been granted access to this video", expected=True)


if __name__ == "__main__":
    yt_dlp.globals.extractors.value = {"FakeIE": FakeIE}
    socket.getaddrinfo = _scripted
    site_child.main()

"""Lists, manifests, subtitles, documents and archives that call themselves videos, each with a lure: a file of this machine to open, or an
address of this machine to call. None may be followed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

_XML = '<?xml version="1.0"?>'


def decoys(folder: Path, port: int) -> dict[str, bytes]:
    """By name. `folder` holds the canaries `canary.ts`, `canary.mp4` and `canary.txt`; `port` is the canary listener's."""
    texts = _playlists(folder, port) | _documents(folder, port)
    return {name: content.encode() for name, content in texts.items()} | _binaries(folder, port)


def _playlists(folder: Path, port: int) -> dict[str, str]:
    ts, mp4, text, call = _lures(folder, port)
    hls = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{ts}\n#EXTINF:5,\n{call}/a.ts\n#EXT-X-ENDLIST\n"
    key = f'#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI="{call}/key"\n#EXT-X-MAP:URI="{mp4}"\n#EXTINF:5,\n{ts}\n'
    return {
        "hls": hls,
        "hls_file": hls.replace(str(ts), f"file://{ts}"),
        "hls_key": key + "#EXT-X-ENDLIST\n",
        "hls_live": hls.replace("#EXT-X-ENDLIST\n", ""),
        "hls_master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{call}/low.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{folder}/a.m3u8\n",
        "hls_concat": hls.replace(str(ts), f"concat:{text}|{ts}"),
        "hls_subfile": hls.replace(str(ts), f"subfile,,start,0,end,100,,:{text}"),
        "hls_behind_a_mark": "\ufeff" + hls,
        "hls_behind_lines": "\n\r\n  " + hls,
        "m3u": f"#EXTM3U\n#EXTINF:5,a\n{ts}\n{call}/a.ts\n",
        "dash": f'{_XML}<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S"><Period><AdaptationSet '
        f'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{call}/a.mp4</BaseURL></Representation></AdaptationSet>'
        "</Period></MPD>",
        "dash_without_a_head": f'<MPD type="static"><Period><AdaptationSet><Representation><BaseURL>file://{mp4}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
        "smooth": f'{_XML}<SmoothStreamingMedia MajorVersion="2" Duration="1"><StreamIndex Url="{call}/a"/></SmoothStreamingMedia>',
        "concat": f"ffconcat version 1.0\nfile '{ts}'\nfile '{call}/a.ts'\n",
        "concat_plain": f"file '{ts}'\nfile '{call}/a.ts'\n",
        "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=video {port} RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
        "rtsp": f"RTSPtextRTSP://127.0.0.1:{port}/a",
    }


def _documents(folder: Path, port: int) -> dict[str, str]:
    ts, mp4, text, call = _lures(folder, port)
    return {
        "srt": f"1\n00:00:00,000 --> 00:00:05,000\n<img src={call}>{text}\n",
        "vtt": f"WEBVTT\n\n00:00.000 --> 00:05.000\n{call}\n",
        "ass": f"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:05.00,{call}\n",
        "lrc": f"[ti:{text}]\n[00:00.00]{call}\n",
        "ttml": f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s" end="5s">{call}</p></div></body></tt>',
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{call}/a.png"/><image href="file://{mp4}"/></svg>',
        "entities": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{text}"><!ENTITY y SYSTEM "{call}/">]><svg>&x;&y;</svg>',
        "smil": f'<smil><body><video src="{call}/a.mp4"/><audio src="file://{ts}"/></body></smil>',
        "asx": f'<asx version="3.0"><entry><ref href="{call}/a.wmv"/></entry></asx>',
        "xspf": f'{_XML}<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><location>{call}/a</location></track></trackList></playlist>',
        "rss": f'{_XML}<rss version="2.0"><channel><item><enclosure url="{call}/a.mp3" type="audio/mpeg"/></item></channel></rss>',
        "pls": f"[playlist]\nFile1={call}/a.mp3\nNumberOfEntries=1\n",
        "shortcut": f"[InternetShortcut]\nURL={call}/\n",
        "json": json.dumps({"url": f"{call}/a.mp4", "file": str(mp4)}),
        "script": f"#!/bin/sh\ncat {text}\ncurl {call}\n",
        "filter": f"movie={mp4}[out0];amovie={ts}[out1]\n",
        "avisynth": f'AviSource("{mp4}")\n',
        "preset": f"i={mp4}\nf=mp4\n",
    }


def _binaries(folder: Path, port: int) -> dict[str, bytes]:
    ts, _, _, call = _lures(folder, port)
    hls = _playlists(folder, port)["hls"]
    return {
        "zip": _zip("a.mp4", hls.encode()),
        "zip_with_a_way_up": _zip("../../canary.mp4", b"x"),
        "office": _zip("word/document.xml", _XML.encode()),
        "tar": _tar(ts),
        "gzip": gzip.compress(hls.encode()),
        "tar_gzip": gzip.compress(_tar(ts)),
        "bzip2": bz2.compress(hls.encode()),
        "xz": lzma.compress(hls.encode()),
        "seven": b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(64),
        "rar": b"Rar!\x1a\x07\x01\x00" + bytes(64),
        "zstd": b"\x28\xb5\x2f\xfd" + bytes(64),
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Action/S/URI/URI(" + call.encode() + b")>>endobj\n",
        "program": b"\x7fELF\x02\x01\x01" + bytes(200),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "zeros": bytes(4096),
        "reference_movie": _box(b"moov", _box(b"rmra", _box(b"rmda", _box(b"rdrf", bytes(4) + b"url " + _sized(f"{call}/a.mov"))))),
    }


def _lures(folder: Path, port: int) -> tuple[Path, Path, Path, str]:
    """The three canary files, and the address of the listener."""
    return folder / "canary.ts", folder / "canary.mp4", folder / "canary.txt", f"http://127.0.0.1:{port}"


def pages(folder: Path, port: int) -> dict[str, str]:
    """Pages whose videos are where nobody may go: they are yt-dlp's to read."""
    call = f"http://127.0.0.1:{port}"
    return {
        "page_call": f"<html><video src='{call}/a.mp4'></video></html>",
        "page_file": f"<!doctype html><html><video src='file://{folder}/canary.mp4'></video></html>",
        "page_frame": f"<html><iframe src='{call}/embed'></iframe><meta property='og:video' content='{call}/a.mp4'></html>",
        "page_moved": f"<html><meta http-equiv='refresh' content='0; url={call}/'></html>",
    }


def _zip(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def _tar(target: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("a.mp4")
        link.type, link.linkname = tarfile.SYMTYPE, str(target)
        archive.addfile(link)
    return buffer.getvalue()


def _box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content


def _sized(text: str) -> bytes:
    data = text.encode() + b"\0"
    return len(data).to_bytes(4) + data

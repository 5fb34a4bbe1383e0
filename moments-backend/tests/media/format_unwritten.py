"""Inputs that FFmpeg's libraries read and can't write, built here byte by byte: one second each, the same bytes every time.

Speech codecs take any bits as speech: theirs come from a counter's hash. Import as `media.format_unwritten`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unwritten:
    """One file: `build` gives its bytes, `sha256` is theirs."""

    demuxer: str
    decoder: str
    suffix: str
    sha256: str
    build: Callable[[], bytes]


def _bits(count: int) -> bytes:
    """So many bytes that look random."""
    blocks = (hashlib.sha256(number.to_bytes(4)).digest() for number in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def _amr_wb() -> bytes:
    """RFC 4867, section 5: frames of 12.65 kbit/s (type 2, quality bit set), 50 a second."""
    speech = _bits(50 * 32)
    return b"#!AMR-WB\n" + b"".join(b"\x14" + speech[at : at + 32] for at in range(0, len(speech), 32))


def _chunk(name: bytes, data: bytes) -> bytes:
    """A RIFF chunk; the next begins at an even offset."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _wav_gsm() -> bytes:
    """Microsoft GSM 6.10 (format 0x31): blocks of 65 bytes, 320 samples each, at 8 kHz."""
    form = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    speech = _bits(25 * 65)
    return _chunk(b"RIFF", b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"fact", struct.pack("<I", 8000)) + _chunk(b"data", speech))


def _sphere() -> bytes:
    """NIST Sphere: a header of 1024 bytes in text, then 16 bit samples; a triangle of 100 Hz."""
    head = "NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 16000\nsample_n_bytes -i 2\nsample_byte_format -s2 01\n"
    head += "sample_coding -s3 pcm\nsample_count -i 16000\nend_head\n"
    wave = [abs(number % 160 - 80) * 200 - 8000 for number in range(16_000)]
    return head.encode().ljust(1024) + struct.pack("<16000h", *wave)


def _dsd() -> bytes:
    """DSF (Sony, 2005): one channel of 2,822,400 one-bit samples a second, in blocks of 4096 bytes; silence is the pattern 0x69."""
    blocks = -(-2_822_400 // 8 // 4096)
    data = b"\x69" * (blocks * 4096)
    form = struct.pack("<IIIIIIQII", 1, 0, 1, 1, 2_822_400, 1, 2_822_400, 4096, 0)
    form = b"fmt " + struct.pack("<Q", 12 + len(form)) + form
    sound = b"data" + struct.pack("<Q", 12 + len(data)) + data
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(form) + len(sound), 0) + form + sound


# VC-1, simple profile (SMPTE 421M, annex J): nothing optional, and the bits that have to be 1.
_STRUCT_C = "00" + "0" * 2 + "000" + "00000" + "000" + "11" + "0" * 8 + "000" + "00" + "0" + "1"
_WIDTH, _HEIGHT, _FPS = 128, 96, 25


def _packed(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def _vc1_picture(number: int) -> bytes:
    """An I picture whose first block is `number` steps brighter or darker; each other block is as its neighbour says."""
    head = "00" + "0" + "0" * 7 + f"{10:05b}" + "0" + "0" + "0"
    # Coded block pattern 0, no prediction of AC; differences of DC by table 0: `1` none, `01` and a sign one step; of chroma `00`.
    plain = "10" + "1111" + "0000"
    first = "10" + "01" + str(number % 2) + "111" + "0000"
    return _packed(head + first + plain * (_WIDTH // 16 * _HEIGHT // 16 - 1))


def _avi_vc1() -> bytes:
    """AVI 1.0 with an index: 25 pictures in WMV3."""
    pictures = [_vc1_picture(number) for number in range(_FPS)]
    main = struct.pack("<14I", 1_000_000 // _FPS, 0, 0, 0x10, len(pictures), 0, 1, 0, _WIDTH, _HEIGHT, 0, 0, 0, 0)
    head = struct.pack("<4s4sIHHIIIIIIiI4H", b"vids", b"WMV3", 0, 0, 0, 0, 1, _FPS, 0, len(pictures), 0, -1, 0, 0, 0, _WIDTH, _HEIGHT)
    extra = _packed(_STRUCT_C)
    form = struct.pack("<IiiHH4sIiiII", 40 + len(extra), _WIDTH, _HEIGHT, 1, 24, b"WMV3", 0, 0, 0, 0, 0) + extra
    stream = _chunk(b"LIST", b"strl" + _chunk(b"strh", head) + _chunk(b"strf", form))
    headers = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + stream)
    chunks = [_chunk(b"00dc", picture) for picture in pictures]
    index, at = b"", 4
    for picture, chunk in zip(pictures, chunks, strict=True):
        index += struct.pack("<4sIII", b"00dc", 0x10, at, len(picture))
        at += len(chunk)
    return _chunk(b"RIFF", b"AVI " + headers + _chunk(b"LIST", b"movi" + b"".join(chunks)) + _chunk(b"idx1", index))


UNWRITTEN: dict[tuple[str, str], Unwritten] = {
    (demuxer, decoder): Unwritten(demuxer, decoder, suffix, sha256, build)
    for demuxer, decoder, suffix, build, sha256 in (
        ("amr", "amrwb", ".amr", _amr_wb, "5a12971306c0e83df6863a7236ae8aa4c4e77ec514a280ca222862d305b2d255"),
        ("wav", "gsm_ms", ".wav", _wav_gsm, "048e05dcadc250fe1023729eed5f4a1c071254c69fe07c6549f7697e9c6ca18d"),
        ("nistsphere", "pcm_s16le", ".sph", _sphere, "e7805ce7ad77fadfb4a61ea618f11744c4d106a206c8d6faa0984d38b9e346f6"),
        ("dsf", "dsd_lsbf_planar", ".dsf", _dsd, "db2eac3ab0c95aaf340ee4a1d85944d26888e3a4d3c2b8e7f49e8710c430d170"),
        ("avi", "wmv3", ".avi", _avi_vc1, "d007600d8de90f06c29710854f1a620cb98bbf428dd4cc6a2dc438d0a209162d"),
    )
}

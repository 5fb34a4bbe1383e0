"""F83: what a recogniser writes is what everybody reads, to the character: through the real tokenizer and its splitter of words, the
engine, the body of /transcribe, the stored rows, to SRT, VTT, JSON, and the lines that language models read.

The page's own test reads the same words from `said.json`, which this one keeps in step.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from recordings import recording

from moments_models.engine_contract import Recognition as Heard
from moments_models.engines.whisper import _mapped
from moments_models.routes.transcribe import _body
from moments_models.vad import Chunk, SpeechPiece
from moments_models.weights import pull
from videomoments.exports import json_document, srt, vtt
from videomoments.exports.cues import build_cues
from videomoments.inference.recognised import read_transcript
from videomoments.inference.spacing import running_text, whole_words
from videomoments.inference.transcript import TimedTranscript, words_from_rows, words_to_rows
from videomoments.moments.lines import build_lines

SAID = Path(__file__).parents[3] / "moments-frontend/src/features/detail/transcript/said.json"
_RATE = 16_000

TRUTH = [
    ("en", "The price rose by 3.5 percent to 1,234.56 dollars, or 3.5% in all."),
    ("en", "Version 2.0.1 is a state-of-the-art release, and v10.4.0-rc.2 isn't."),
    ("en", "At 10:30 a.m. we don't talk; it's rock 'n' roll at 23:59:50."),
    ("en", "Write to jane.doe@example.co.uk or see https://example.com/a-b/c_d?x=1&y=2#z."),
    ("en", "It was -5 °C in the U.S. and 1/3 of us — about $3.50 each — left on 2026-11-29."),
    ("en", "Node.js, C++, AT&T and 4K@60fps: 50/50, 24/7, A/B (really)."),
    ("fr", "Aujourd'hui, l'été coûte 3,5 % de plus : c'est-à-dire 1 234,56 € !"),
    ("fr", "Qu'est-ce que c'est ? Rendez-vous à 10h30, dit-il."),
    ("de", "Die E-Mail-Adresse lautet info@beispiel.de, die Version 2.0.1 kostet 3,5 %."),
    ("es", "¿Cuánto cuesta? ¡Son 1.234,56 € a las 10:30!"),
    ("it", "L'università dell'arte costa il 3,5% in più dall'1.1."),
    ("ru", "Цена выросла на 3,5 % до 1 234,56 рубля; кто-то сказал: из-за версии 2.0.1."),
    ("el", "Στις 10:30 η τιμή ήταν 3,5% πάνω, δηλαδή 1.234,56 ευρώ."),
    ("ar", "ارتفع السعر بنسبة 3.5% إلى 1234.56 دولار في الساعة 10:30."),
    ("hi", "कीमत 3.5% बढ़कर 1,234.56 रुपये हो गई, संस्करण 2.0.1 में।"),
    ("ko", "가격은 3.5% 올라 1,234.56원이 되었고, 10:30에 info@example.com으로 썼다."),
    ("ja", "価格は3.5%上がって1,234.56円になり、Windows 11 と iPhone で 10:30 に話します。"),
    ("zh", "价格上涨了3.5%，达到1,234.56元。版本2.0.1，见 https://example.com/a-b。"),
    ("th", "ราคาขึ้น 3.5% เป็น 1,234.56 บาท เวลา 10:30 น. เราไปที่ร้านอาหารไทย"),
    ("lo", "ລາຄາຂຶ້ນ 3.5% ເປັນ 1,234.56 ກີບ ເວລາ 10:30 ໂມງ"),
    ("my", "ဈေးနှုန်းသည် 3.5% တက်ပြီး 1,234.56 ကျပ် ဖြစ်သည်။ ဗားရှင်း 2.0.1 ကို ကြည့်ပါ။"),
    ("km", "តម្លៃឡើង 3.5% ដល់ 1,234.56 រៀល ម៉ោង 10:30។"),
]


@cache
def _folder() -> Path:
    return pull("whisper_base")


@cache
def _tokenizer(language: str) -> Any:
    import tokenizers
    from faster_whisper.tokenizer import Tokenizer

    plain = tokenizers.Tokenizer.from_file(str(_folder() / "tokenizer.json"))
    return Tokenizer(plain, multilingual=True, task="transcribe", language=language)


def as_the_model_writes(language: str, text: str, *, each: float = 0.25) -> list[Any]:
    """The recogniser's words of a text, as its library hands them on: pieces with a leading space or none. Evenly spoken."""
    from faster_whisper.transcribe import merge_punctuations

    tokenizer = _tokenizer(language)
    opening = "" if language in ("ja", "zh", "th", "lo", "my", "km") else " "
    pieces, tokens = tokenizer.split_to_word_tokens(tokenizer.encode(opening + text))
    rows = [{"word": piece, "tokens": own} for piece, own in zip(pieces, tokens, strict=True)]
    # The library's defaults.
    merge_punctuations(rows, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、")
    words = [row["word"] for row in rows if row["word"]]
    return [SimpleNamespace(word=word, start=each * n, end=each * (n + 1), probability=0.9) for n, word in enumerate(words)]


def heard(language: str, text: str) -> TimedTranscript:
    """What is stored of it, read back."""
    written = as_the_model_writes(language, text)
    seconds = max(word.end for word in written) + 1.0
    length = round(seconds * _RATE)
    words = tuple(_mapped(Chunk((SpeechPiece(0, 0, length),)), written, first=True))
    body = json.dumps(_body(Heard(words, language), "whisper-base-int8", seconds, 0.1))
    found = read_transcript(body, "whisper_base", seconds)
    assert found.full_text == text
    assert not found.mended
    stored = json.loads(json.dumps(words_to_rows(found.words)))
    return TimedTranscript(found.full_text, words_from_rows(stored), found.segments, language, found.engine, 0.1)


def _plain(text: str) -> str:
    """Without white space: a subtitle breaks lines where it must."""
    return "".join(text.split())


@pytest.mark.parametrize(("language", "text"), TRUTH)
def test_f83_everybody_reads_what_was_written(language: str, text: str) -> None:
    said = heard(language, text)
    assert running_text(said.words) == text
    assert running_text(whole_words(said.words)) == text
    assert _plain("".join(segment.text for segment in said.segments)) == _plain(text)
    assert all(segment.text in text for segment in said.segments)
    # Sentences on lines of their own, each as it was written.
    lines = [line.text for line in build_lines(said.words)]
    assert _plain("".join(lines)) == _plain(text)
    assert all(line in text for line in lines)
    source = recording(words=said.words, segments=said.segments, duration=60.0)
    cues = build_cues(source)
    assert _plain("".join(cue.text for cue in cues)) == _plain(text)
    for cue in cues:
        # A line break stands for the space it replaces, or for nothing.
        assert re.search(r"\s?".join(re.escape(line) for line in cue.text.split("\n")), text), cue.text
    exported = json.loads(json_document.write(source))["transcript"]["words"]
    assert "".join(" " * word["space_before"] + word["word"] for word in exported).strip() == text
    from_srt = [block.split("\n", 2)[2] for block in srt.write(source).strip().split("\n\n")]
    from_vtt = [html.unescape(block.split("\n", 2)[2]) for block in vtt.write(source).strip().split("\n\n")[1:]]
    assert from_srt == [cue.text for cue in cues]
    assert from_vtt == [cue.text for cue in cues]


def test_f83_the_page_reads_the_same_words() -> None:
    """`MOMENTS_WRITE_SAID=1` writes the file anew."""
    import os

    rows = [{"language": language, "text": text, "words": words_to_rows(heard(language, text).words)} for language, text in TRUTH]
    written = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("MOMENTS_WRITE_SAID"):
        SAID.write_text(written, encoding="utf-8")
    assert SAID.read_text(encoding="utf-8") == written

"""Writes `docs/formats.md`: which containers and codecs are accepted, found by building each pair that FFmpeg's libraries can write.

python scripts/formats.py            checks whether the page is up to date (a minute of work)
python scripts/formats.py --write    writes it anew
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

# This comes before the library is loaded, because it prints to stderr.
os.environ.setdefault("SVT_LOG", "0")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "moments-backend" / "tests"))

from media.formats_page import PAGE, page, tried


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        text = page(tried(Path(folder)))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text)
        return 0
    if PAGE.read_text() != text:
        print("docs/formats.md is not up to date: python scripts/formats.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

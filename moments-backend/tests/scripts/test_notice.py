"""Licences: which may be shipped, what the locks and the installed packages say, and that NOTICE follows."""

from __future__ import annotations

import json
from dataclasses import replace
from email.message import Message

import notice
import pytest
import spdx
from notice import Carried, Found, Table, asked_anew, faults, locked, page_packages

LOCK = """\
av==18.1.0 \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:00
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:00
Typing_Extensions[x]==4.16.0 \\
    --hash=sha256:00
"""
PAGE = {
    "": {"license": "Apache-2.0"},
    "node_modules/react": {"license": "MIT"},
    "node_modules/a/node_modules/@b/c": {"license": "ISC"},
    "node_modules/mute": {},
    "node_modules/judge": {"license": "GPL-3.0-only", "dev": True},
}
TABLE = """\
# About it.
[python]
av = "BSD-3-Clause"
numpy = "BSD-3-Clause"
typing-extensions = "PSF-2.0"

[page]
mute = "MIT"

[[carried]]
package = "av"
says = "FFmpeg."
"""


def found(**changes: object) -> Found:
    pins = locked([LOCK])
    whole = Found(Table.read(TABLE), pins, pins.keys(), page_packages(json.dumps({"packages": PAGE})))
    return replace(whole, **changes)  # type: ignore[arg-type]


def nothing_installed(_: str) -> None:
    return None


@pytest.mark.parametrize(
    "expression",
    ["MIT", "mit", "Apache 2.0", "MIT AND (Apache-2.0 OR GPL-3.0-only)", "EPL-2.0 OR GPL-2.0-or-later", "(MIT OR CC0-1.0)", "OFL-1.1"],
)
def test_what_leaves_an_allowed_choice_may_be_shipped(expression: str) -> None:
    assert spdx.may_ship(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "MIT AND GPL-2.0-only",
        "MIT AND (AGPL-3.0-only OR GPL-3.0-only)",
        "GPL-3.0-only OR MIT AND AGPL-3.0-only",
        "CC-BY-NC-4.0",
        "SSPL-1.0",
        "LGPL-3.0-or-later",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "UNLICENSED",
        "SEE LICENSE IN LICENSE.txt",
        "for research only",
        "",
    ],
)
def test_what_nobody_has_allowed_is_refused(expression: str) -> None:
    assert not spdx.may_ship(expression)


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ([("License-Expression", "mit"), ("License", "GPL")], "MIT"),
        ([("License", "Apache 2.0")], "Apache-2.0"),
        ([("License", "Copyright somebody\n\nAll of a text"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"), ("Classifier", "Topic :: Text")], "MPL-2.0"),
        # Two, and which of them: BSD of how many clauses.
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("Classifier", "License :: OSI Approved :: ISC License")], None),
        ([("Classifier", "License :: OSI Approved :: BSD License")], None),
        ([], None),
    ],
)
def test_metadata_are_read_where_they_leave_no_doubt(lines: list[tuple[str, str]], licence: str | None) -> None:
    metadata = Message()
    for name, value in lines:
        metadata[name] = value
    assert spdx.declared(metadata) == licence


def test_locks_are_read() -> None:
    assert locked([LOCK, LOCK.replace("18.1.0", "18.2.0")]) == {
        "av": {"18.1.0", "18.2.0"},
        "numpy": {"2.4.6", "2.5.5"},
        "typing-extensions": {"4.16.0"},
    }
    assert found().page == {"react": "MIT", "@b/c": "ISC", "mute": None}
    assert found().page_licences()["mute"] == "MIT"


def test_all_is_well() -> None:
    assert faults(found(), nothing_installed) == []


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ('numpy = "BSD-3-Clause"\n', "", "has no licence of numpy"),
        ("[page]", 'gone = "MIT"\n[page]', "names gone, which is in no lock"),
        ('"PSF-2.0"', '"AGPL-3.0-only"', "typing-extensions is under AGPL-3.0-only, which may not be shipped"),
        ('mute = "MIT"', "", "names no licence of mute"),
        ('mute = "MIT"', 'mute = "CC-BY-NC-4.0"', "mute is under CC-BY-NC-4.0, which may not be shipped"),
        ('mute = "MIT"', 'mute = "MIT"\nreact = "MIT"', "names react of the page for nothing"),
        ('package = "av"', 'package = "avocado"', "says what avocado carries, and no lock has it"),
    ],
)
def test_a_drift_of_the_table_is_found(was: str, now: str, fault: str) -> None:
    assert was in TABLE
    (said,) = faults(found(table=Table.read(TABLE.replace(was, now))), nothing_installed)
    assert fault in said


def test_a_refused_licence_of_the_page_is_found() -> None:
    (said,) = faults(found(page={"react": "GPL-3.0-only", "mute": None}), nothing_installed)
    assert said == "react is under GPL-3.0-only, which may not be shipped"


@pytest.mark.parametrize(
    ("here", "faulty"),
    [
        (("18.1.0", "BSD-3-Clause"), False),
        (("18.1.0", None), False),
        # What is installed is not what the lock names: nothing is said about the lock's.
        (("18.0.0", "MIT"), False),
        (("18.1.0", "MIT"), True),
        (("18.1.0", "GPL-3.0-only"), True),
    ],
)
def test_what_is_installed_must_say_the_same(here: tuple[str, str | None], faulty: bool) -> None:
    assert bool(faults(found(), lambda name: here if name == "av" else None)) is faulty


def test_of_two_versions_each_may_say_it_its_own_way() -> None:
    """Which of them is installed depends on the Python: the check must not."""
    assert faults(found(), lambda name: ("2.5.5", "BSD-3-Clause AND Zlib") if name == "numpy" else None) == []
    (said,) = faults(found(), lambda name: ("2.5.5", "GPL-3.0-only") if name == "numpy" else None)
    assert "numpy 2.5.5" in said


def test_the_table_is_filled_in_from_what_is_installed() -> None:
    less = TABLE.replace('av = "BSD-3-Clause"\n', "").replace("[page]", 'gone = "MIT"\n[page]')
    lacking = found(table=Table.read(less))
    filled = asked_anew(less, lacking, lambda name: ("18.1.0", "BSD-3-Clause") if name == "av" else None)
    assert filled == TABLE
    with pytest.raises(SystemExit, match="look their licences up and add them: av"):
        asked_anew(less, lacking, nothing_installed)


def test_the_notice_names_everything_once_in_one_order() -> None:
    text = notice.notice(found())
    assert "\n\nBSD-3-Clause: av, numpy\n\nPSF-2.0: typing-extensions\n" in text
    assert "\n\nISC: @b/c\n\nMIT: mute, react\n" in text
    assert "\nav: FFmpeg.\n" in text
    assert "judge" not in text
    table = Table(dict(reversed(found().table.python.items())), found().table.page, (Carried("av", "FFmpeg."),))
    assert notice.notice(found(table=table)) == text


def test_this_repositorys_notice_is_true() -> None:
    """By what is checked in alone, as on a machine where nothing is installed; `make lint` asks the installed packages too."""
    here = Found.here()
    assert faults(here, nothing_installed) == []
    assert (notice.ROOT / "NOTICE").read_text() == notice.notice(here)
    # A sentence for each binary whose licence is not the package's.
    assert {"av", "imageio-ffmpeg"} <= {one.package for one in here.table.carried}

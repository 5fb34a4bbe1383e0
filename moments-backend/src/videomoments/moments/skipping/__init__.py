"""Recognises what people skip: greetings, housekeeping, sponsor reads, a speaker's own screen, filler and sign-offs.

Pure, without a model: cue phrases (a file of data for each language), the position in the recording, and what stands beside a line. There
are phrases in English, German, Spanish and French; English was measured on recordings, the other three were only tried on sentences. In any
other language nothing is found but named sounds ("[Music]"): no position alone makes a line skipped.
"""

from __future__ import annotations

from videomoments.moments.skipping.skip_kinds import SkipKind
from videomoments.moments.skipping.skip_labels import skipped_lines
from videomoments.moments.skipping.skip_trimming import without_skipped
from videomoments.moments.skipping.skipped_candidates import worth_watching

__all__ = ["SkipKind", "skipped_lines", "without_skipped", "worth_watching"]

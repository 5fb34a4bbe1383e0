"""What each group of cue words says about a line. The phrases of the groups are data, a file for each language.

The weights are ours, set by hand on talks and podcasts: a line is skipped from about 2.0 on, alone. One certain phrase is enough, else
several groups must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from videomoments.moments.skipping.skip_kinds import SkipKind

G, H, S, C, O = SkipKind.GREETING, SkipKind.HOUSEKEEPING, SkipKind.SPONSOR, SkipKind.SCREEN, SkipKind.SIGN_OFF  # noqa: E741


@dataclass(frozen=True, slots=True)
class CueGroup:
    """How much a phrase of the group adds to each kind, and how many phrases of a line count. A `subject` may be what the recording is
    about: the more lines hold such a phrase, the less it counts."""

    weights: dict[SkipKind, float]
    most: int = 1
    subject: bool = False


ANCHORS: Final = frozenset({"sponsor_entry", "sponsor_hint", "offer", "visit"})
"""The groups without which nothing is a sponsor's read: praise and prices alone are talk about a trade."""

GROUPS: Final[dict[str, CueGroup]] = {
    # Greetings
    "salutation": CueGroup({G: 1.2}),
    "audience": CueGroup({G: 0.6, O: 0.4, H: 0.3}),
    "welcome": CueGroup({G: 1.7}),
    "introduction": CueGroup({G: 1.4}),
    "guest": CueGroup({G: 1.5}),
    "small_talk": CueGroup({G: 1.3}),
    "programme": CueGroup({G: 0.6, O: 0.5, S: 0.3}),
    # Housekeeping
    "technical_check": CueGroup({H: 2.3}),
    "event": CueGroup({H: 1.2}, most=2, subject=True),
    "venue": CueGroup({H: 0.8}, most=2, subject=True),
    "logistics": CueGroup({H: 1.2}, most=2),
    # Sponsor reads
    "sponsor_entry": CueGroup({S: 2.4}),
    "sponsor_hint": CueGroup({S: 1.3}),
    "offer": CueGroup({S: 1.5}, most=2, subject=True),
    "offer_word": CueGroup({S: 0.7}, most=2, subject=True),
    "address": CueGroup({S: 0.8, O: 0.4}),
    "visit": CueGroup({S: 0.9, O: 0.6}),
    "praise": CueGroup({S: 0.7}, most=2, subject=True),
    "brand": CueGroup({S: 0.9}),
    "commerce": CueGroup({S: 0.35}, most=3),
    "trade": CueGroup({S: -1.2}, most=2),
    "sponsor_return": CueGroup({S: 1.0}),
    # The speaker's own screen and papers
    "holding": CueGroup({C: 2.1}),
    "screen_act": CueGroup({C: 1.2}),
    "screen_thing": CueGroup({C: 1.0, H: 0.4}, subject=True),
    "screen_word": CueGroup({C: 0.5, H: 0.2}, subject=True),
    "about_to": CueGroup({C: 0.5, H: 0.2}, most=2),
    # Sign-offs
    "farewell": CueGroup({O: 2.0}),
    "thanks_for": CueGroup({O: 1.9}),
    "thanks": CueGroup({O: 0.7, G: 0.2, H: 0.2}),
    "call_to_action": CueGroup({O: 2.6}, most=2),
    "follow": CueGroup({O: 1.3}, most=2),
    "closing": CueGroup({O: 1.6}),
    "next_time": CueGroup({O: 1.0}),
    "wish": CueGroup({O: 1.6}),
    # The form of the sentence
    "address_you": CueGroup({S: 0.3, H: 0.4, O: 0.3}),
    "request": CueGroup({H: 0.6, O: 0.3}),
    "told_before": CueGroup({G: -0.7, H: -1.2, C: -1.4, O: -0.7, S: -0.4}, most=2),
}
"""Every group that a language may fill; the first files to read are those of the languages."""

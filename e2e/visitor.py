"""One page of the browser, and what it complained about on its console."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page

# What Chromium itself writes about an answer that a story provokes; the page shows the person what it means.
_EXPECTED = ("Failed to load resource",)


class Visitor:
    """Watches `page` from its first request on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._complaints.append(f"{error.name}: {error.message}"))

    def complaints(self) -> list[str]:
        """Errors and warnings of the page's own code, in order."""
        return list(self._complaints)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_EXPECTED):
            self._complaints.append(message.text)

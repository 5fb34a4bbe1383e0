"""A dependency that leaves a file in the home folder when it is imported, as Python does with this name on its path."""

from pathlib import Path

(Path.home() / ".cache" / "canary").mkdir(parents=True, exist_ok=True)
(Path.home() / ".cache" / "canary" / "deviceid").write_text("here", encoding="utf-8")

"""PostgreSQL, Valkey and the local model services for one machine: started when a URL is not configured, shared by every command of
one data folder, stopped by the last one. Gives URLs, nothing else. `docs/decisions/0005-embedded-parts.md` says why it is built this way.
"""

from videomoments.embedded.diagnose import Check, diagnose
from videomoments.embedded.ensure import Stack, ended_servers, revive, running_stack
from videomoments.embedded.removable import CleanTarget, clean_targets

__all__ = ["Check", "CleanTarget", "Stack", "clean_targets", "diagnose", "ended_servers", "revive", "running_stack"]

"""Runs PostgreSQL, Valkey and the local model services for one machine. They start when no URL is configured, all commands of one data
folder share them, and the last command stops them. `docs/decisions/0005-embedded-parts.md` says why it is built this way."""

from videomoments.embedded.diagnose import Check, diagnose
from videomoments.embedded.ensure import Stack, ended_servers, revive, running_stack
from videomoments.embedded.removable import CleanTarget, clean_targets

__all__ = ["Check", "CleanTarget", "Stack", "clean_targets", "diagnose", "ended_servers", "revive", "running_stack"]

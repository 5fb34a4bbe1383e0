from support.backend import services, settings

__all__ = ["services", "settings"]

from backend import services, settings

__all__ = ["services", "settings"]

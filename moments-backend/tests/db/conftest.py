from support.backend import services, settings
from support.empty_database import empty

__all__ = ["empty", "services", "settings"]

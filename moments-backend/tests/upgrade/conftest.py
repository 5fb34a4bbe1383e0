from support.empty_database import empty

__all__ = ["empty"]

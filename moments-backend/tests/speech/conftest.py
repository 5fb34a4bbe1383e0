from speech.fixtures import speech

__all__ = ["speech"]

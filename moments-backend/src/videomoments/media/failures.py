"""Turns errors on untrusted bytes into our own. Runs only in the child."""

from __future__ import annotations

import errno

import av.error

from videomoments.core import errors

_UNEXPECTED = "Something in the file is not as it should be there"
_CONVERT = "Convert the file to MP4 (H.264, AAC) and try again."
# Not the fault of the file: the job can't continue with the next item.
_OF_THE_MACHINE = (errors.OutOfSpace, errors.NotFound)


class CannotCopy(Exception):
    """Raised where the packets of a source can't be copied into a clip, which is then encoded. The message is the reason that is stored
    with the clip.

    It is a type of its own, so that a bug in our code is not mistaken for it and does not cause an unwanted encoding.
    """


def explained(error: BaseException) -> errors.MomentsError:
    """Returns our own error for any error. It names no path, host or class: FFmpeg's text is used without the file's name."""
    if isinstance(error, errors.MomentsError):
        return error
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return errors.UnsupportedMedia(
            "The file needs more memory than one job may use.", code="media_limit", advice="Scale the picture down and try again."
        )
    if number in (errno.ENOSPC, errno.EDQUOT):
        return errors.OutOfSpace("No disk space is left for the media files.")
    if number == errno.EFBIG:
        return errors.TooLarge("The result is larger than one file may be.", code="media_limit")
    if isinstance(error, FileNotFoundError):
        return errors.NotFound("The media file is gone.")
    text = getattr(error, "strerror", None) if isinstance(error, OSError | av.error.FFmpegError) else None
    message = f"{_UNEXPECTED}: {text[:1].lower()}{text[1:]}." if text else f"{_UNEXPECTED}."
    return errors.MomentsError(message, code="media_failed", advice=_CONVERT)


def ends_the_job(error: BaseException) -> bool:
    """Returns whether this process can do nothing more: it lacks memory, disk space or the file."""
    return isinstance(error, MemoryError) or isinstance(explained(error), _OF_THE_MACHINE) or explained(error).code == "media_limit"

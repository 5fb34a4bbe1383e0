"""Our own words for whatever went wrong with foreign bytes. In the child only."""

from __future__ import annotations

import errno

import av.error

from videomoments.core import errors

_UNEXPECTED = "Something in the file is not as it should be there"
_CONVERT = "Convert the file to MP4 (H.264, AAC) and try again."
# Not the fault of what was being read: the job can't go on with the next thing.
_OF_THE_MACHINE = (errors.OutOfSpace, errors.NotFound)


class CannotCopy(Exception):
    """The packets of a source can't be copied into a clip, which is encoded instead. The message is the reason, as the clip keeps it.

    A type of its own: a mistake in our code must not pass for it, and become an encoding that nobody asked for.
    """


def explained(error: BaseException) -> errors.MomentsError:
    """Our own error for any. No path, no host, no name of a class: FFmpeg's text is taken without the file's name."""
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
    """Whether nothing more can be done in this process: for want of memory, of space, of the file."""
    return isinstance(error, MemoryError) or isinstance(explained(error), _OF_THE_MACHINE) or explained(error).code == "media_limit"

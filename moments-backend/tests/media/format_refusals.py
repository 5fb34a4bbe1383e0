"""Why `docs/formats.md` says that the other demuxers and decoders of FFmpeg's libraries are not taken."""

from __future__ import annotations

import fnmatch

from videomoments.media.reading.formats import DEMUXERS

_REFUSED_DEMUXERS: tuple[tuple[str, str], ...] = (
    ("hls concat image2* sdp rtp rtsp sap webm_dash_manifest sbg realtext vobsub", "names other files or addresses"),
    ("alsa oss fbdev kmsgrab lavfi video4linux2* x11grab", "a device or a generator, not a file"),
    (
        "s8 s16* s24* s32* u8 u16* u24* u32* f32* f64* alaw mulaw sln vidc g722 g726* g728 g729 gsm dfpwm aptx* sbc codec2raw act bit",
        "no header",
    ),
    ("amrnb amrwb adp daud s337m spdif lc3 mlp truehd dtshd shn rka osq bonk apac sds", "a raw stream that is not met as a recording"),
    ("rawvideo v210* bitpacked yuv4mpegpipe", "raw pictures without a header that tells their clock"),
    (
        "h261 h263 h264 hevc m4v mpegvideo mjpeg mjpeg_2000 mpjpeg obu av1 vc1 vc1test vvc evc avs2 avs3 cavsvideo dirac dnxhd ipu apv"
        " ingenient lmlm4 mpegtsraw",
        "a bare stream of pictures has no clock; put it into MP4",
    ),
    ("*_pipe apng gif ico fits filmstrip jpegxl_anim cdg msp alias_pix brender_pix txd", "pictures, not a recording"),
    (
        "ass aqtitle jacosub lrc microdvd mpl2 mpsub pjs sami scc srt stl subviewer* sup tedcaptions vplayer webvtt dvbsub dvbtxt mcc rcwt"
        " tty bin xbin idf adf ffmetadata data",
        "text or data, no pictures and no sound",
    ),
    ("aa aax r3d", "protected, or its decoder is not in FFmpeg"),
)
_OTHER_DEMUXER = "of a game, a console or one old program; not met as a recording"
_REFUSED_DECODERS: tuple[tuple[str, str], ...] = (
    (
        "*_cuvid *_qsv *_amf *_v4l2m2m *_videotoolbox *_at *_mediacodec",
        "works on hardware of its own; the software decoder of the same codec is used",
    ),
    ("*_fixed libopencore_* mp3adu* mp3on4*", "another decoder of the same codec is used"),
    ("vvc prores_raw apv", "takes more memory and time than a job has, or shows nothing without a camera's own settings"),
    (
        "bmp tiff targa* gif webp apng png dds dpx exr fits hdr jpegls pam pbm pcx pfm pgm* pgx phm photocd pictor ppm psd ptx qdraw qoi"
        " sgi simbiosis_imx sunrast txd vb* wbmp xbm xface xpm xwd alias_pix brender_pix pdv wmv3image vc1image svg",
        "pictures, not a recording",
    ),
    ("ansi bintext idf xbin cdgraphics", "text"),
    ("anull vnull wrapped_avframe comfortnoise wavesynth mpegvideo acelp.kelvin ftr", "no codec of files"),
)
_OTHER_DECODER = "of a game, a console, a studio or one old program; not met in recordings"


def taken_demuxer(name: str) -> bool:
    """`name` as FFmpeg lists it: one demuxer may have several, with commas between."""
    return not DEMUXERS.keys().isdisjoint(name.split(","))


def demuxer_refusal(name: str) -> str:
    """Why a demuxer is not taken."""
    return _first(name, _REFUSED_DEMUXERS) or _OTHER_DEMUXER


def decoder_refusal(name: str) -> str:
    """Why a decoder is not taken."""
    return _first(name, _REFUSED_DECODERS) or _OTHER_DECODER


def _first(name: str, rules: tuple[tuple[str, str], ...]) -> str | None:
    return next((why for patterns, why in rules if any(fnmatch.fnmatchcase(name, one) for one in patterns.split())), None)

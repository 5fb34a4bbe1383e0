"""Lists the containers and codecs that are accepted. `docs/formats.md` is made from this.

Every demuxer and decoder that untrusted bytes may reach is one more target for attacks. What recorders, phones, cameras, editors and screen
recorders write is accepted; the rest is refused by name.
"""

from __future__ import annotations

import fnmatch

# FFmpeg's names, with the names that users know.
DEMUXERS: dict[str, str] = {
    "mov": "MP4, MOV, M4A, 3GP",
    "matroska": "Matroska, WebM",
    "mpegts": "MPEG transport stream (TS, M2TS, MTS)",
    "mpeg": "MPEG program stream (MPG, VOB)",
    "avi": "AVI",
    "asf": "Windows Media (WMV, WMA, ASF)",
    "flv": "Flash video",
    "ogg": "Ogg (OGG, OGV, Opus)",
    "mxf": "MXF",
    "dv": "raw DV",
    "rm": "RealMedia",
    "wtv": "Windows recorded TV",
    "nut": "NUT",
    "ivf": "IVF",
    "mp3": "MP3, MP2",
    "aac": "AAC (ADTS)",
    "loas": "AAC (LOAS/LATM)",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "wav": "WAV, RF64",
    "w64": "Sony Wave64",
    "aiff": "AIFF, AIFC",
    "caf": "Core Audio",
    "au": "AU, SND",
    "voc": "Creative Voice",
    "nistsphere": "NIST Sphere",
    "flac": "FLAC",
    "wv": "WavPack",
    "tta": "True Audio",
    "ape": "Monkey's Audio",
    "tak": "TAK",
    "mpc": "Musepack 7",
    "mpc8": "Musepack 8",
    "dsf": "DSD",
    "amr": "AMR",
    "qcp": "QCP",
    "dss": "Digital Speech Standard (dictation)",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


VIDEO_DECODERS = _names(
    """
    h264 hevc vp8 vp9 libdav1d av1 libvpx libvpx-vp9 mpeg4 mpeg2video mpeg1video h263 h263p h263i h261 mjpeg mjpegb prores dnxhd
    theora flv flv1 msmpeg4v1 msmpeg4v2 msmpeg4 msmpeg4v3 wmv1 wmv2 wmv3 vc1 mss2 png ffv1 rawvideo qtrle dvvideo cinepak svq1 svq3
    rv10 rv20 rv30 rv40 vp6 vp6a vp6f huffyuv ffvhuff utvideo magicyuv lagarith cfhd jpeg2000 msvideo1 msrle indeo3
    indeo5 flashsv flashsv2 zmbv tscc tscc2 camstudio g2m screenpresso hap v210 amv
    """
)
AUDIO_DECODERS = _names(
    """
    aac aac_latm mp3 mp3float mp2 mp2float mp1 mp1float opus libopus vorbis speex flac ac3 eac3 dca truehd mlp alac ape tak tta
    wavpack mpc7 mpc8 amrnb amrwb wmav1 wmav2 wmapro wmalossless wmavoice cook sipr real_144 real_288 atrac3 atrac3plus qdm2 qdmc
    mace3 mace6 nellymoser gsm gsm_ms g722 g723_1 g726 g726le g729 ilbc qcelp evrc truespeech dss_sp dvaudio s302m dsd_lsbf
    dsd_lsbf_planar dsd_msbf dsd_msbf_planar adpcm_ms adpcm_ima_wav adpcm_ima_qt adpcm_swf adpcm_yamaha adpcm_ct adpcm_sbpro_2
    adpcm_sbpro_3 adpcm_sbpro_4
    """
)
_PCM = "pcm_*"
# Both are accepted, but not together: FFmpeg does not say when each picture is shown.
_REFUSED_PAIRS = {
    (
        demuxer,
        decoder,
    ): f"{decoder} in {demuxer} tells the time of some of its pictures alone; put it into MP4 (ffmpeg -i FILE -c copy FILE.mp4)"
    for demuxer, decoders in {"mpeg": ("h264", "hevc"), "asf": ("h264", "mpeg1video", "mpeg2video")}.items()
    for decoder in decoders
}


def pair_refusal(demuxer: str, decoder: str) -> str | None:
    """Returns why a codec that is accepted elsewhere is not accepted in that container; None where it is."""
    return next((_REFUSED_PAIRS[one, decoder] for one in demuxer.split(",") if (one, decoder) in _REFUSED_PAIRS), None)


def taken_decoder(name: str) -> bool:
    return name in VIDEO_DECODERS or name in AUDIO_DECODERS or fnmatch.fnmatchcase(name, _PCM)

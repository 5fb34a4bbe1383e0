"""Analyses audio: the speech track, waveform, loudness, silences, and which track has speech."""

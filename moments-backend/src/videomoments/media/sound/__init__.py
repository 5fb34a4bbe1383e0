"""What is made and told of sound: the speech track, waveform, loudness, silences, which track somebody speaks on."""

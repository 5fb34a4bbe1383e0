"""Reads, measures and cuts media. Everything that opens an untrusted file runs in a child process (`child.py`)."""

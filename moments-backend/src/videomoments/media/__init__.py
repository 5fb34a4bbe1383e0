"""Reading, measuring and cutting media. Everything that opens a foreign file runs in a child process (`child.py`)."""

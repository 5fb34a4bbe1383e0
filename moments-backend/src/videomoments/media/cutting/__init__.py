"""Cuts clips, by copying, joining or encoding, and checks them. Runs only in the child."""

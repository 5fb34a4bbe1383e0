"""Measures how good moments are: datasets, the field's metrics, trivial baselines and a report. Asks models, but uses no database."""

"""How good moments are: datasets, the field's metrics, trivial baselines, and a report. Calls models, touches no database."""

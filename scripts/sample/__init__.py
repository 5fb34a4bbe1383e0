"""What make_sample.py draws and says."""

import os

# Before onnxruntime is imported: it else reports to its maker (docs/decisions/0033-nothing-leaves.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

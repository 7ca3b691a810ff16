"""onnxruntime, with its telemetry off.

Since 1.32 the official Linux builds send events over HTTPS unless they are told not to before they
are loaded. What people eat concerns nobody else, and a service that phones out is a surprise.
"""

import os
from typing import Any


def load_runtime() -> Any:
    # Straight into the C environment, where the library looks while it is loaded.
    os.putenv("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime

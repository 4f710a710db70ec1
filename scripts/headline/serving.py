"""A process that only serves a Keras model; prints the peak of its memory in bytes.

python scripts/headline/serving.py MODEL.keras predict|call
"""

from __future__ import annotations

import sys

import keras
import numpy as np

from edge_daemon.telemetry.process import ProcessMeter

_N_INFERENCES = 20


def main() -> None:
    """Serve zeros a few times."""
    _, path, way = sys.argv
    model = keras.models.load_model(path)
    x = np.zeros((1, *model.input_shape[1:]), np.float32)
    for _ in range(_N_INFERENCES):
        if way == "predict":
            model.predict(x, verbose=0)
        else:
            model(x, training=False)
    print(ProcessMeter().read().peak_rss_bytes)


if __name__ == "__main__":
    main()

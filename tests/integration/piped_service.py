"""A daemon that listens to a FIFO, with a configuration that a test rewrites while it runs."""

from __future__ import annotations

from pathlib import Path

import yaml

from edge_daemon import Detection, Pipeline
from edge_daemon.config import load_config
from tests.integration.command_line import SINGLE_WORDS, Pipe, RunningDaemon, demo_samples

N_WORDS = 6
ALONE = yaml.safe_load(SINGLE_WORDS.read_text())


class PipedService:
    """A daemon at a FIFO, with a configuration that a test rewrites."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.socket = folder / "control.sock"
        self.write()
        self.pipe = Pipe(folder / "audio.fifo")

    def write(self, **sections: object) -> None:
        """Write the configuration, with these sections in place of the usual ones."""
        usual = {
            **ALONE,
            "audio": {"source": f"pcm:{self.folder}/audio.fifo"},
            "control": {"path": str(self.socket)},
            "telemetry": {"interval_s": 0, "sensors_s": 0, "format": "json"},
        }
        self.config.write_text(yaml.safe_dump({**usual, **sections}))

    def run(self, **environment: str) -> RunningDaemon:
        """Start the daemon and wait until it listens."""
        daemon = RunningDaemon("--config", self.config, env=environment)
        daemon.wait_for("listening to")
        return daemon

    def expected(self) -> list[Detection]:
        """Return what is to be heard in the beginning of the demo clip."""
        pipeline = Pipeline.load(config=load_config(self.config))
        return pipeline.process(demo_samples(N_WORDS)) + pipeline.flush()

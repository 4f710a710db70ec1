"""The steps of a quantization, from the model that is given to the one that is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.processor import cpu_model
from edge_daemon.quantize import remarks
from edge_daemon.quantize.attempts import Attempts
from edge_daemon.quantize.cache import Cache, on_this_machine, question
from edge_daemon.quantize.candidates import Candidates, candidates, mixed, usual
from edge_daemon.quantize.convert import to_onnx
from edge_daemon.quantize.data import load_material
from edge_daemon.quantize.describe import describe
from edge_daemon.quantize.gate import Gate, Stats
from edge_daemon.quantize.inputs import Material
from edge_daemon.quantize.measure import Judge
from edge_daemon.quantize.prepare import FloatModel, check_float_model, prepare, weighted_nodes
from edge_daemon.quantize.ranking import best, lacks_accuracy_only, nearest
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.search import search
from edge_daemon.quantize.sensitivity import errors_of_layers, most_sensitive_first
from edge_daemon.quantize.settings import Settings
from edge_daemon.quantize.trial import Trial


@dataclass(frozen=True)
class Job:
    """One model, its data, what to reach, and a folder to work in."""

    source: Path | str
    data: Path
    gate: Gate
    settings: Settings
    folder: Path

    @property
    def _original(self) -> Path:
        return self.folder / "original.onnx"

    def file_of(self, result: QuantizationResult) -> Path:
        """Return the model that is to be written."""
        chosen = result.chosen
        return self._original if chosen is None else self.folder / f"{chosen.name}.onnx"

    def run(self, place: Path) -> QuantizationResult:
        """Convert, read the data, search, and measure the best once more."""
        with self._named():
            model = self._float_model()
            material = self._material(model)
            attempts, key = self._attempts(model, material)
            trials, chosen = _proven(self._trials(attempts, key), attempts)
        shown = chosen or nearest(trials, self.gate)
        return QuantizationResult(
            original=Path(self.source), output=place, gate=self.gate,
            chosen=chosen.method if chosen else None,
            stats=self._with_source(shown.stats) if shown and shown.stats else None,
            trials=tuple(trials), reasons=() if chosen else _reasons(trials, shown),
            remarks=(
                *remarks.about_target(self.settings.target), *remarks.about_sizes(trials),
                *remarks.about_material(material), *remarks.about_metadata(model.spec),
            ),
        )  # fmt: skip

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the model that was given where a message names the copy that is worked on."""
        try:
            yield
        except ModelError as error:
            raise ModelError(str(error).replace(str(self._original), str(self.source))) from None

    def _float_model(self) -> FloatModel:
        to_onnx(
            self.source, self._original, custom_objects=list(self.settings.custom_objects),
            input_shape=self.settings.input_shape, state_dict=self.settings.state_dict,
        )  # fmt: skip
        model = check_float_model(self._original)
        labels, frontend = self.settings.labels, self.settings.frontend
        if model.spec is not None or not labels or frontend is None:
            return model
        describe(self._original, _name_of(self.source), labels, frontend)
        return check_float_model(self._original)

    def _material(self, model: FloatModel) -> Material:
        settings, spec = self.settings, model.spec
        return load_material(
            self.data, model.shape,
            settings.labels or (spec.labels if spec else ()),
            settings.frontend or (spec.frontend if spec else None),
            seed=settings.seed, limit=settings.limit,
        )  # fmt: skip

    def _attempts(self, model: FloatModel, material: Material) -> tuple[Attempts, str]:
        """Return what tries methods, and a key of the model and the data."""
        key = question(model.path, material, (self.settings.seed,))
        cache = Cache(self.settings.cache, on_this_machine(key, cpu_model()))
        judge = Judge(model.path, material.evaluation, seed=self.settings.seed)
        prepared = self.folder / "prepared.onnx"
        prepare(model.path, prepared)
        return Attempts(prepared, material.calibration.x, judge, self.gate, cache), key

    def _trials(self, attempts: Attempts, key: str) -> list[Trial]:
        """Try what suits the target; with layers in float32 where accuracy is all that lacks."""
        method, target = self.settings.method, self.settings.target
        found = self._search(candidates(method, target), attempts, key)
        if method == "mixed" or (method == "auto" and lacks_accuracy_only(found, self.gate)):
            found += self._mixed(attempts, key)
        if not found:
            raise EdgeDaemonError(
                f"{self.source}: has nothing that method {method} can be tried on for the target "
                f"{target}; mixed needs two layers with weights"
            )
        return found

    def _mixed(self, attempts: Attempts, key: str) -> list[Trial]:
        target = self.settings.target
        layers = errors_of_layers(
            attempts.prepared, attempts.calibration, usual(target, calibration="minmax")
        )
        n_layers = len(weighted_nodes(attempts.prepared))
        errors = dict(self.settings.watch(layers, n_layers, "layers that lose most"))
        return self._search(mixed(target, most_sensitive_first(errors)), attempts, key)

    def _search(self, methods: Candidates, attempts: Attempts, key: str) -> list[Trial]:
        n_trials = min(len(methods), self.settings.n_trials)
        trials = search(methods, attempts, self.settings, key)
        return list(self.settings.watch(trials, n_trials, "trying methods"))

    def _with_source(self, stats: Stats) -> Stats:
        """Add the size of what was given, where it was no ONNX."""
        path = self.settings.state_dict or Path(self.source)
        if path.suffix == ".onnx" or not path.exists():
            return stats
        files = path.rglob("*") if path.is_dir() else [path]
        return replace(stats, source_bytes=sum(p.stat().st_size for p in files if p.is_file()))


def _proven(trials: list[Trial], attempts: Attempts) -> tuple[list[Trial], Trial | None]:
    """Measure the best once more, and the next best should it fail now.

    The best of many figures is partly luck, and those of an earlier run are of another day.
    """
    while chosen := best(trials):
        again = attempts.measure(chosen.method, attempts.path_of(chosen.method))
        proven = again.judged(attempts.gate)
        trials = [proven if t is chosen else t for t in trials]
        if proven.passed:
            return trials, proven
    return trials, None


def _name_of(source: Path | str) -> str:
    """Return the name of a file, or of the module of ``module:factory``."""
    return Path(str(source).partition(":")[0]).stem


def _reasons(trials: list[Trial], shown: Trial | None) -> tuple[str, ...]:
    """Return why none was taken: the rules that the nearest fails, or what went wrong with all."""
    if shown is not None:
        return tuple(f"{shown.method.name}: {line}" for line in shown.failures)
    return tuple(f"{t.method.name}: {t.error}" for t in trials)

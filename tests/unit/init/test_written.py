"""What `edge-daemon init` writes is a configuration, whatever was answered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.audio.devices import InputDevice
from edge_daemon.config import parse_config, parse_yaml
from edge_daemon.init import as_yaml
from edge_daemon.init.answers import Answers
from edge_daemon.init.microphones import source_of
from edge_daemon.init.offers import OFFERS

WORDS = ("yes", "no", "on", "off", "null", "smart mirror")

programs = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
ways = st.one_of(
    *(
        st.builds(
            lambda kind, x: {kind: x}, st.just(kind), st.just(offer.understood(offer.default))
        )
        for kind, offer in OFFERS.items()
    ),
    st.builds(lambda argv: {"command": argv}, st.lists(programs, min_size=1)),
)
actions = st.builds(lambda word, x: {"say": word, **x}, st.sampled_from(WORDS), ways)


@settings(max_examples=30)
@given(
    source=st.sampled_from(["mic", "pcm:-", "mic:#1: \"USB\" 'Audio', {x}", "mic: é\u2028ü"]),
    wake_words=st.lists(st.sampled_from(WORDS), unique=True),
    actions=st.lists(actions, max_size=5),
    broker=st.none() | st.just("localhost"),
)
def test_the_file_reads_as_the_answers(
    source: str, wake_words: list[str], actions: list[dict[str, object]], broker: str | None
) -> None:
    """Words such as `on` and `null`, quotes and odd names of devices come back as they were."""
    if any("mqtt" in action for action in actions):
        broker = broker or "localhost"
    answers = Answers("builtin:commands", source, wake_words, actions, broker)
    text = as_yaml(answers)
    config = parse_config(parse_yaml(text))
    assert config == answers.config(), text
    assert config.audio.source == source
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_every_key_is_explained() -> None:
    """Above each value stands what it is about."""
    text = as_yaml(Answers("/models/mine.onnx", broker="localhost"))
    lines = text.splitlines()
    values = [i for i, line in enumerate(lines) if line.startswith("  ") and ": " in line]
    unexplained = [lines[i] for i in values if "#" not in lines[i] + lines[i - 1]]
    assert unexplained == [], text


def test_the_defaults_of_all_offers_are_understood() -> None:
    """Whoever presses Enter gets an action that is valid."""
    for offer in OFFERS.values():
        answers = Answers("builtin:commands", broker="localhost")
        answers.actions = [{"say": "*", offer.kind: offer.understood(offer.default)}]
        assert answers.config().actions[0].kind == offer.kind


def device(name: str, host_api: str = "ALSA") -> InputDevice:
    """Return an input that opens."""
    return InputDevice(name, host_api, 1, (16000,), None, is_default=False)


def test_a_microphone_is_named_for_good() -> None:
    """The number of a card, which changes when it is plugged in again, is left out if it can be."""
    usb, other = device("USB Audio: - (hw:1,0)"), device("Webcam: Audio (hw:2,0)")
    assert source_of(usb, [usb, other]) == "mic:USB Audio: -"
    assert source_of(device("default"), [usb]) == "mic"


def test_two_of_a_kind_keep_their_numbers() -> None:
    """Of two microphones of the same name each is still named alone."""
    first, second = device("USB Audio: - (hw:1,0)"), device("USB Audio: - (hw:2,0)")
    assert source_of(second, [first, second]) == "mic:USB Audio: - (hw:2,0)"

"""The network: a convolution, three residual units, a dense layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import keras
from keras import layers

from edge_daemon.quantize.inputs import Inputs

Tensor: TypeAlias = Any
Model: TypeAlias = Any

SHAPE = (98, 40, 1)
"""Frames, coefficients, and the one channel that a two-dimensional convolution needs."""
_POOLS: tuple[Any, ...] = (3, 3, (1, 4))
_STRIDES: tuple[Any, ...] = (2, 2, (1, 4))


def build(n_labels: int) -> Model:
    """Return the network, to be trained: 98x40x1 -> 49x20 -> 24x9 -> 11x4 -> 11x1x256."""
    features = keras.Input(SHAPE, name="features")
    x = _convolution(features, 64, strides=2)
    for n_channels, pool, strides in zip((64, 128, 256), _POOLS, _STRIDES, strict=True):
        x = layers.MaxPooling2D(pool, strides)(_residual(x, n_channels))
    x = layers.Dense(1024, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(0.5)(x)
    model = keras.Model(features, layers.Dense(n_labels, activation="softmax", name="scores")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _residual(x: Tensor, n_channels: int) -> Tensor:
    short = x if x.shape[-1] == n_channels else layers.Conv2D(n_channels, 1)(x)
    y = _convolution(_convolution(x, n_channels), n_channels, activation=None)
    return layers.ReLU()(layers.Add()([y, short]))


def _convolution(
    x: Tensor, n_channels: int, strides: int = 1, activation: str | None = "relu"
) -> Tensor:
    x = layers.Conv2D(n_channels, 3, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def train(data: Inputs, epochs: int, seed: int, path: Path) -> None:
    """Train the network and save it as Keras does by default, the optimizer's state included."""
    keras.utils.set_random_seed(seed)
    model = build(len(data.labels))
    print(f"{model.count_params():,} parameters, {len(data)} clips, {epochs} epochs")
    model.fit(data.x, data.y, batch_size=64, epochs=epochs, verbose=2)
    model.save(path)

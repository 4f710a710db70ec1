"""Buttons and an LED at pins: what somebody without a network has to mute the daemon with."""

from edge_daemon.gpio.connection import GpioConnection

__all__ = ["GpioConnection"]

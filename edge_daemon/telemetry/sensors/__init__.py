"""Sensors of the machine: power, temperature, throttling, clock; each found by its label.

Every class takes the root of the tree that it reads. What cannot be read is None with the reason,
never 0.
"""

from edge_daemon.telemetry.sensors.battery import Battery
from edge_daemon.telemetry.sensors.clock import CpuClock
from edge_daemon.telemetry.sensors.figures import SensorFigures
from edge_daemon.telemetry.sensors.found import (
    Sensors,
    find_power_meter,
    find_sensors,
    power_meters,
)
from edge_daemon.telemetry.sensors.hwmon import HwmonPower
from edge_daemon.telemetry.sensors.jetson import JetsonRails
from edge_daemon.telemetry.sensors.meter import PowerMeter
from edge_daemon.telemetry.sensors.pmic import PiPmic
from edge_daemon.telemetry.sensors.rapl import Rapl
from edge_daemon.telemetry.sensors.reading import Reading
from edge_daemon.telemetry.sensors.sampler import Sampler
from edge_daemon.telemetry.sensors.thermometer import Thermometer
from edge_daemon.telemetry.sensors.throttling import ThrottleState, Throttling
from edge_daemon.telemetry.sensors.vcgencmd import Vcgencmd

__all__ = [
    "Battery",
    "CpuClock",
    "HwmonPower",
    "JetsonRails",
    "PiPmic",
    "PowerMeter",
    "Rapl",
    "Reading",
    "Sampler",
    "SensorFigures",
    "Sensors",
    "Thermometer",
    "ThrottleState",
    "Throttling",
    "Vcgencmd",
    "find_power_meter",
    "find_sensors",
    "power_meters",
]

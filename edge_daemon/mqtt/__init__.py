"""MQTT: what is heard, the state and the figures for a broker, commands from it.

Home Assistant finds the device by itself. docs/mqtt.md has every topic with an example.
"""

from edge_daemon.mqtt.connection import MqttConnection

__all__ = ["MqttConnection"]

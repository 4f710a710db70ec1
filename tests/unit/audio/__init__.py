"""Tests of edge_daemon.audio."""

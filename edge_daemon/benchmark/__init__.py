r"""Measures what listening costs on this machine, for each provider, model and number of threads.

    combinations -> candidates -> rounds -> findings -> document -> table, JSON, page, comparison
                    processes  ---^  ^--- conditions (temperature, clock, power)

A round has one share of everything: blocks of inferences in turns, a process of each at real-time
pace, one as fast as it goes, and pauses where power is measured. What drifts hits all alike.

Offline: the daemon imports nothing of it. Nothing is imported here either: `peer` is a process
whose memory is measured.
"""

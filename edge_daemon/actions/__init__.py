"""Actions: what is done when a word is heard, and the one worker that isolates failures.

Commands, webhooks and logs live in modules of their own, imported where a configuration asks
for them: a daemon without a webhook does not carry ``ssl`` in its memory.
"""

from edge_daemon.actions.action import Action, Job
from edge_daemon.actions.rules import Rule, build_actions
from edge_daemon.actions.worker import ActionCounts, ActionWorker
from edge_daemon.errors import ActionBusyError

__all__ = [
    "Action",
    "ActionBusyError",
    "ActionCounts",
    "ActionWorker",
    "Job",
    "Rule",
    "build_actions",
]

"""OTP-style supervision on Trio: actors, supervisors, timers, names."""

from supervisors.actor import Actor, Task
from supervisors.dynamic import DynamicSupervisor, MaxChildren
from supervisors.exits import (
    KILLED,
    NORMAL,
    SHUTDOWN,
    AlreadyStarted,
    CallError,
    CallingSelf,
    CallTimeout,
    Down,
    MailboxFull,
    NoProc,
    Reason,
    Shutdown,
    StartFailed,
    Stop,
    SupervisionError,
    describe,
    is_abnormal,
)
from supervisors.messages import NO_REPLY, Sender
from supervisors.process import Process, wait_started
from supervisors.registry import Name, Registry
from supervisors.runtime import RootEnded, Runtime, open_runtime
from supervisors.specs import Backoff, ChildSpec, SpecError, dynamic_supervisor, supervisor, task, worker
from supervisors.static import Supervisor
from supervisors.timers import Timer

__all__ = [
    "KILLED",
    "NORMAL",
    "NO_REPLY",
    "SHUTDOWN",
    "Actor",
    "AlreadyStarted",
    "Backoff",
    "CallError",
    "CallTimeout",
    "CallingSelf",
    "ChildSpec",
    "Down",
    "DynamicSupervisor",
    "MailboxFull",
    "MaxChildren",
    "Name",
    "NoProc",
    "Process",
    "Reason",
    "Registry",
    "RootEnded",
    "Runtime",
    "Sender",
    "Shutdown",
    "SpecError",
    "StartFailed",
    "Stop",
    "SupervisionError",
    "Supervisor",
    "Task",
    "Timer",
    "describe",
    "dynamic_supervisor",
    "is_abnormal",
    "open_runtime",
    "supervisor",
    "task",
    "wait_started",
    "worker",
]

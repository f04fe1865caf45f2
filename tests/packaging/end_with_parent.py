"""Runs in the one-file program before anything else (a runtime hook of emailgw.spec), never elsewhere.

The process that was started only unpacks and waits; killed by SIGKILL it cannot pass that on, and the gateway would go
on unseen, with its ports and its lock, in the way of its successor. So the kernel tells it to stop: prctl(2).
"""

import ctypes
import signal

PR_SET_PDEATHSIG = 1

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

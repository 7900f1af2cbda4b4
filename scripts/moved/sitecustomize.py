"""Python imports this when it starts on another day: libfaketime up to 0.9.10 breaks its way of sleeping.

Python sleeps until an instant of the steady clock. The library takes that for one of the wall clock, subtracts what it
has moved, and the system refuses to sleep until before its beginning. Waiting for nothing, with a time-out, is as good.
"""

import select
import time


def sleep(seconds: float) -> None:
    """Do nothing for so long, as `time.sleep`."""
    select.select([], [], [], seconds)


time.sleep = sleep

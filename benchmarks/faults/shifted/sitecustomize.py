"""Python imports this when it starts: the machine's clock is so many seconds wrong. The steady clock is left alone."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

time_machine.travel(
    datetime.now(UTC) + timedelta(seconds=float(os.environ["CLOCK_SHIFT_S"])), tick=True
).start()

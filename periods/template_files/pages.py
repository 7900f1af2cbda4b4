"""What a new page begins with: questions that a good runbook, rollback plan or How we work answers."""

from __future__ import annotations

from typing import Final

RUNBOOK: Final = """\
## Before you touch anything

- [ ] You are on shift or were paged. Say so on the incident first.
- [ ] You know the severity. In doubt choose the higher one.
- [ ] Somebody else knows what you are about to do.

## Where to look

| What | Where | Normal |
|---|---|---|
| Main dashboard | link | what a quiet hour looks like |
| Logs | link | |
| Queues and jobs | link | empty within 5 min |

## When this happens, do that

### Name of a failure people will recognise

**You see:** the alert, message or complaint.

**It means:** what is broken, and for whom.

1. First command or click, exactly as to be typed.
2. How to see that it worked.
3. What to do when it did not.

**Call:** role or team, when it takes longer than 30 min.

## Switches

| Switch | Effect | Who may use it | Tested |
|---|---|---|---|
| name | what stops | role | date |

## What never to do

- Say what makes things worse, and why.
"""

ROLLBACK: Final = """\
## When we go back

Go back when one of these is true and no fix is in sight within the time given:

- Figure and threshold, for so many minutes.

**Who decides:** the rollback authority. **Who advises:** the incident lead.

## Point of no return

After this step going back costs more than fixing forward. Name the step, its time,
and who says aloud that it has passed.

## Steps

| # | Step | Who | Takes | How we see it worked |
|---|---|---|---|---|
| 1 | Tell everybody in the war room | Incident lead | 5 min | answered by all roles |
| 2 | Stop new work | | | |
| 3 | Restore the earlier version | | | |
| 4 | Reconcile what was written meanwhile | | | totals agree |
| 5 | Smoke test | | | |

**Time box:** sum of the steps. **Rehearsed:** date, measured time, what we learned.

## Data written since go-live

What happens to it, and who signs that nothing is lost.

## Afterwards

- [ ] Everybody was told that we are back.
- [ ] Data is reconciled.
- [ ] A time for the next attempt is agreed.
"""

HOW_WE_WORK: Final = """\
## How we talk

- One problem, one thread. Decisions go on the incident, not only into chat.
- In the war room one person leads, one types, the others fix.
- Say what you see, then what you think, then what you do next.

## When you are on shift

- Answer a page within 5 minutes, or it goes to the deputy.
- Hand over in words before you leave. You are on duty until the next person says so.

## When you are not sure

Call the incident lead. Nobody was ever blamed for calling too early.
"""

STARTS: Final[dict[str, str]] = {"runbook": RUNBOOK, "rollback": ROLLBACK, "how_we_work": HOW_WE_WORK, "page": ""}

"""What the people of the demo have written down: how to run the billing engine, and how to go back."""

from __future__ import annotations

RUNBOOK = """\
## Before you touch anything

- [ ] You are on shift or were paged, and the incident says so.
- [ ] You know the severity. In doubt choose the higher one.
- [ ] Somebody in the war room knows what you are about to do.

## Where to look

| What | Where | A quiet hour |
|---|---|---|
| Billing dashboard | https://grafana.northlane.example/d/billing | 2 invoices per second or fewer |
| Job queue | https://ops.northlane.example/queues/billing | empty within 5 min |
| Payment gateway | https://status.payments.example | green, under 400 ms |
| ERP postings | https://erp.northlane.example/monitor | nothing waits longer than 15 min |

## When this happens, do that

### Invoices are issued twice

**You see:** alert `InvoiceRateHigh`, or customers with two invoices of one date.

**It means:** a scheduler of the old platform still runs. Every hour is about 4,000 wrong invoices.

1. Stop issuing: `billingctl pause invoices --reason BILL-36`
2. Find the second scheduler: `billingctl schedulers --all`. There must be one, `bill-sched-1`.
3. Retire the other: `billingctl scheduler retire <name>`
4. Count what went out: `billingctl duplicates --since 06:00 --csv`
5. Start again: `billingctl resume invoices`, and watch the rate for 10 min.

**Call:** Billing engineering at once. Finance ops before step 5, because they hold the card run.

### Card payments are declined in bulk

**You see:** declines above 4 % for 5 min.

1. Look at the gateway's status page. When it is not green, open their ticket and post an update.
2. Green? Compare the merchant ids: `billingctl gateway check`
3. Turn retries off until it is mended: `billingctl retries off`. Each retry costs the customer a text message.

**Call:** Platform after 10 min. The sponsor decides about telling customers.

### ERP postings pile up

1. `billingctl erp lag` says by how much. Under an hour is no emergency.
2. Restart one connector at a time: `billingctl erp restart erp-2`
3. Still growing after 20 min: switch to file transfer, which finance imports by hand at 18:00.

## Switches

| Switch | Effect | Who may use it | Tested |
|---|---|---|---|
| `pause invoices` | nothing is issued, nothing is lost | anybody on shift | 9 Nov |
| `retries off` | declined cards wait | Billing engineering | 9 Nov |
| `dunning off` | no reminders go out | Support desk | 10 Nov |

## What never to do

- Never delete an invoice. Credit it, so that the ledger keeps its numbers.
- Never restart both connectors at once: the one that is up holds the sequence.
"""

# Two things were learned in the first rehearsal.
RUNBOOK_LATER = RUNBOOK.replace(
    "2. Find the second scheduler: `billingctl schedulers --all`. There must be one, `bill-sched-1`.",
    "2. Find the second scheduler: `billingctl schedulers --all`. There must be one, `bill-sched-2`, the new host.",
).replace(
    "## What never to do\n",
    "## What never to do\n\n- Never resume invoices while finance runs the cards: ask them first.\n",
)

ROLLBACK = """\
## When we go back

Go back when one of these is true and no fix is in sight within 60 min:

- Wrong invoices: more than 1 % of the last hour.
- Card payments: more than 20 % declined for 30 min.
- The ledger does not balance and nobody can say why.

**Who decides:** Rachel Kim. **Who advises:** the incident lead on shift.

## Point of no return

When card runs start on the new engine, Saturday 20:00 Copenhagen time. The incident lead says it aloud in the war
room and writes it on the period. After that we fix forward.

## Steps

| # | Step | Who | Takes | How we see it worked |
|---|---|---|---|---|
| 1 | Say in the war room that we go back | Incident lead | 5 min | all five roles answer |
| 2 | `billingctl pause all` | Billing engineering | 5 min | queue stands still |
| 3 | Point the portal to the old engine | Platform | 20 min | test invoice shows the old number range |
| 4 | Restore the snapshot of 06:30 | Database | 95 min | row counts agree |
| 5 | Replay payments since go-live | Billing engineering | 60 min | totals agree with the gateway |
| 6 | Smoke test, then tell support | Support desk | 20 min | test list is green |

**Time box:** 4 h. **Rehearsed:** 3 h 25 min on the second try; the first took 5 h 10 min, because the snapshot was
on the slow disk.

## Data written since go-live

Invoices of the new engine are credited under one batch number. Finance signs the reconciliation before the old engine
issues again.

## Afterwards

- [ ] Customers with a wrong invoice were told.
- [ ] Data is reconciled and signed.
- [ ] A time for the next attempt is agreed.
"""

HOW_WE_WORK = """\
## How we talk

- One problem, one thread. Decisions go on the incident, not only into chat.
- In the war room the incident lead leads, one person types, the others fix.
- Say what you see, then what you think, then what you do next.

## When you are on shift

- Answer a page within 5 minutes, or it goes to the deputy.
- Hand over in words before you leave. You are on duty until the next person says so.
- Two P1s in one shift: tell Maja. Somebody takes over.

## When you are not sure

Call the incident lead. Nobody was ever blamed for calling too early.
"""

CHANNELS = {
    "chat": "#billing-cutover",
    "mailbox": "billing-cutover@northlane.example",
    "bridge": "+45 70 10 11 99",
    "bridge_code": "4417#",
}

MOBILE_RUNBOOK = """\
## Where to look

| What | Where |
|---|---|
| Crashes | https://crash.northlane.example/mobile |
| Push gateway | https://grafana.northlane.example/d/push |

## When this happens, do that

### The new version crashes at start

1. Halt the staged roll-out in both stores.
2. Turn on `safe-start` in the remote configuration.
3. Tell support: customers keep the old version.

**Call:** App engineering at once.
"""

MOBILE_RUNBOOK_LATER = MOBILE_RUNBOOK.replace(
    "1. Halt the staged roll-out in both stores.\n",
    "1. Halt the staged roll-out in both stores. Only Daniel and Tomasz hold the store keys.\n",
).replace("2. Turn on `safe-start`", "2. Turn on `safe-mode`")

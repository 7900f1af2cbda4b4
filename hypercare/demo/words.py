"""What the demo's incidents are called and how they ended. (title, component, severity)"""

OPEN_BIG = {
    "annual": "Annual-plan invoices issued twice",
    "cards": "Card payments declined at 3-D Secure",
    "webhook": "Webhook deliveries to ERP time out",
    "dunning": "Dunning emails sent to paid customers",
}
# Solved ones, oldest first: arrivals were 6, 5, 11, 9 and 7 a day, those still open included.
SOLVED = (
    (
        ("Portal sign-in loops for SSO users", "Customer portal", "P2"),
        ("Old prices on two plans", "Billing engine", "P2"),
        ("Invoice PDF misses the logo", "Billing engine", "P4"),
        ("Nightly export is 40 min late", "ERP connector", "P3"),
        ("Support can't see refunds", "Customer portal", "P3"),
        ("Balance shows minus sign twice", "Customer portal", "P4"),
    ),
    (
        ("Refund job stops at 500 rows", "Payments", "P3"),
        ("VAT number field rejects spaces", "Customer portal", "P4"),
        ("Usage counters start at midnight UTC", "Billing engine", "P3"),
        ("Receipt mails arrive twice", "Payments", "P2"),
    ),
    (
        ("Credit notes lack the reference", "Billing engine", "P3"),
        ("ERP gateway rejects batches over 200", "ERP connector", "P3"),
        ("Payment page is slow on Monday morning", "Payments", "P2"),
        ("Discounts end a day early", "Billing engine", "P2"),
        ("Search finds no archived customers", "Customer portal", "P3"),
        ("Bank file has the wrong date", "ERP connector", "P2"),
        ("Agents ask how to re-bill", "Customer portal", "P4"),
        ("Currency missing on reminders", "Billing engine", "P3"),
        ("Token refresh fails after an hour", "ERP connector", "P3"),
        ("Plan change shows an old price", "Billing engine", "P3"),
    ),
    (
        ("Direct debit mandate not found", "Payments", "P2"),
        ("Tax report counts refunds twice", "Billing engine", "P3"),
        ("Portal shows cents twice in Polish", "Customer portal", "P4"),
        ("Meter import skips one site", "ERP connector", "P3"),
        ("Card update mail has a dead link", "Payments", "P3"),
        ("Invoices sort by number, not date", "Customer portal", "P4"),
        ("Settlement total is off by a cent", "Payments", "P3"),
    ),
    (
        ("Reminder text names the old company", "Billing engine", "P4"),
        ("Retry queue holds 30 payments", "Payments", "P3"),
    ),
)
FIXES = (
    "Configuration corrected and checked by finance.",
    "Hotfix deployed and verified with the reporter.",
    "Batch repeated after the limit was raised.",
    "Explained, and the guide now says so.",
)
LEVELS = {"P1": ("high", "high"), "P2": ("high", "medium"), "P3": ("medium", "medium"), "P4": ("low", "low")}
# What the debriefs so far noted, decided and gave somebody to do: (note, decision, action, owner, done).
DEBRIEFS = (
    (
        "First day: sign-in and price questions, as rehearsed.",
        "Hourly board until 20:00 today.",
        "Put the price-change answer on the portal",
        "kavya",
        True,
    ),
    (
        "SSO loop fixed at 13:10, four tickets closed with it.",
        "Sponsor is updated twice a day until both P1 are closed.",
        "Add the SSO sign-in to the smoke test",
        "priya",
        True,
    ),
    (
        "Quiet night. Refund job stops at 500 rows.",
        "Refunds run in two batches until the limit is raised.",
        "Raise the refund batch limit",
        "marcus",
        True,
    ),
    (
        "Receipts doubled for 40 customers, mails stopped.",
        "No mass mail leaves without a second look.",
        "Document the manual re-bill steps",
        "kavya",
        False,
    ),
    (
        "Eleven new, most from the ERP connector.",
        "ERP batches are capped at 200 for now.",
        "Raise the ERP pool to 60",
        "arjun",
        False,
    ),
    (
        "ERP backlog is down to 12. Agents ask how to re-bill.",
        "How-to questions go to the support desk first.",
        "Record the re-bill walkthrough for agents",
        "rachel",
        True,
    ),
    (
        "Direct debit mandates found again after the re-index.",
        "The card decline graph goes on the wall.",
        "Add the decline graph to the war-room board",
        "daniel",
        False,
    ),
    (
        "Duplicate invoices on annual plans since 13:20.",
        "The legacy scheduler stays off.",
        "Write to the 312 customers who got two invoices",
        "rachel",
        False,
    ),
)

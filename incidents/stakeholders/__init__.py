"""What leaves the house, and what comes in from outside.

- `status_pages`: a period's page for people outside, and who may see it.
- `updates`: what is said there, and the promise of when the next word comes.
- `picture`: what the page, its feed, its document and its badge show. Reads only.
- `subscribers`: who gets updates by mail.
- `report_forms`: a period's form for people outside.
- `reports`: what they report, and the receipt that shows only their own.
- `known_errors`: what is known and not mended yet, with a way around.
- `telling`: journal entry → mails to people outside.
"""

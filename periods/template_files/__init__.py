"""Built-in templates as data: the readiness checklist, the exit criteria and the rhythm of debriefs.

Pure: a period copies what it needs when it is planned, so a later change here never alters a running period.
"""

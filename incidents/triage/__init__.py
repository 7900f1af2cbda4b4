"""An incident's life: reporting, owner, status, severity, merging, war room, undo."""

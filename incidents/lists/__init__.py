"""Lists of incidents: filters, search, what a row and a timeline say."""

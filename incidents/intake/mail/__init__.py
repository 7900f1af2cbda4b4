"""Reports and answers by mail."""

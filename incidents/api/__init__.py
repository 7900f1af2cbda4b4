"""The REST side of incidents, one file a resource. Views authorise, validate and make one domain call."""

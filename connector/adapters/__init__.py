"""What touches the world: Kafka, HTTP, the registry, files, logs. Each adapter keeps to a port and does not know the others."""

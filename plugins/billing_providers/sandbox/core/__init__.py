"""What all twins share: messages, routes, faults, logs, clock. Knows no system."""

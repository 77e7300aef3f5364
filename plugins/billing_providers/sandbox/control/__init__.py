"""The control plane: what tests and people do to the sandbox. No part of any simulated API."""

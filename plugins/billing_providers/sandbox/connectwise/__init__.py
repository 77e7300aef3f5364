"""The twin of ConnectWise PSA: the part of REST API 2025.8 that agreement additions need, as strict as is known."""

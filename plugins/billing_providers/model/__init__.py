"""Plain types: periods, decimals, usage, charges, contracts, diff, findings. No Airflow, no I/O."""

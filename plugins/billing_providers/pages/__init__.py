"""The pages inside the Airflow UI: what a reviewer needs to see and do, out of the ledger alone.

Server-rendered and stateless. Every route asks Airflow's own permissions; what changes something needs the right to
trigger the DAG, and a token against forged requests.
"""

-- The settings under which a DAG ran, one row each time that they differ from those of the run before.
CREATE TABLE billing_settings_log (
    dag_id      TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    run_key     TEXT NOT NULL,
    started_by  TEXT NOT NULL,
    at          TEXT NOT NULL,
    settings    TEXT NOT NULL,
    PRIMARY KEY (dag_id, seq)
);

"""An integration as one YAML file, for people who write no code: what a settings block of a DAG file says."""

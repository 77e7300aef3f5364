"""Who may see and do what: Airflow's own permissions on the integration's DAG, and nothing of our own.

The integration's name is its ``dag_id``, so every route of one integration has it as ``dag_id`` in its path, and
Airflow decides. Pages over several integrations show those whose DAG the user may read. Asked for are the rights on
XComs (reading: the run's diff is one) and on triggering the DAG (changing).
"""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends

#: For routes of one integration that show something.
may_read = Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.XCOM))
#: For routes of one integration that change something: whoever may trigger its runs may decide what they do.
may_change = Depends(requires_access_dag(method="POST", access_entity=DagAccessEntity.RUN))


def _readable(user: GetUserDep) -> frozenset[str]:
    return frozenset(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def _user(user: GetUserDep) -> Any:
    return user


#: The DAGs whose integrations the signed-in user may see. Asking for it refuses whoever is not signed in.
ReadableDags = Annotated[frozenset[str], Depends(_readable)]
#: The signed-in user.
SignedIn = Annotated[Any, Depends(_user)]

"""A/B experiments over the same entries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.params import Depends

from exitbrain.api.answers import TABLE, table_file
from exitbrain.api.asked import Format, PageNumber, PageSize
from exitbrain.api.inputs import refuse_paths_from_afar
from exitbrain.api.models.experiments import (
    ExperimentDetail,
    ExperimentPage,
    ExperimentRequest,
    ExperimentSet,
    ExperimentSetPage,
    given_of,
)
from exitbrain.api.problems import documented

router = APIRouter(prefix="/api/experiments", tags=["experiments"])
ExperimentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]


def experiments_of(request: Request) -> Any:
    return request.app.state.experiments


Experiments = Annotated[Any, Depends(experiments_of)]


@router.post("", status_code=202, operation_id="create_experiment", responses=documented(503))
def create_experiment(
    asked: ExperimentRequest, experiments: Experiments, request: Request, response: Response
) -> ExperimentDetail:
    """Queue the replay of every set under both arms. The same request is the same experiment."""
    given = given_of(asked)
    refuse_paths_from_afar(request, given.get("inputs") or {"candles": []})
    made = experiments.create(given)
    response.headers["Location"] = f"/api/experiments/{made['experiment_id']}"
    return ExperimentDetail.model_validate(made)


@router.get("", operation_id="list_experiments")
def list_experiments(experiments: Experiments, page: PageNumber = 1, page_size: PageSize = 50) -> ExperimentPage:
    """The newest first."""
    return ExperimentPage.model_validate(experiments.page(page, page_size))


@router.get("/{experiment_id}", operation_id="read_experiment", responses=documented(404))
def read_experiment(experiment_id: ExperimentId, experiments: Experiments) -> ExperimentDetail:
    return ExperimentDetail.model_validate(experiments.read(experiment_id))


@router.get(
    "/{experiment_id}/sets",
    operation_id="list_experiment_sets",
    response_model=ExperimentSetPage,
    responses=documented(404) | TABLE,
)
def list_experiment_sets(
    experiment_id: ExperimentId,
    experiments: Experiments,
    page: PageNumber = 1,
    page_size: PageSize = 50,
    format: Format = None,
) -> ExperimentSetPage | Response:
    """Every set with both arms' outcomes, in order of opening; none until the replay is done."""
    if format is not None:
        columns = tuple(ExperimentSet.model_fields)
        rows = ({name: row[name] for name in columns} for row in experiments.sets(experiment_id))
        return table_file(rows, columns, format, f"{experiment_id}_sets")
    return ExperimentSetPage.model_validate(experiments.sets_page(experiment_id, page, page_size))


@router.post("/{experiment_id}/stop", operation_id="stop_experiment", responses=documented(404, 409))
def stop_experiment(experiment_id: ExperimentId, experiments: Experiments) -> ExperimentDetail:
    """End it without a verdict. One that is over stays what it is."""
    return ExperimentDetail.model_validate(experiments.stop(experiment_id))

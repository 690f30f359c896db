"""A/B experiments over the same entries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.params import Depends

from exitbrain.api.asked import PageNumber, PageSize
from exitbrain.api.models.experiments import ExperimentDetail, ExperimentPage, ExperimentRequest
from exitbrain.api.problems import documented

router = APIRouter(prefix="/api/experiments", tags=["experiments"])
ExperimentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")]


def experiments_of(request: Request) -> Any:
    return request.app.state.experiments


Experiments = Annotated[Any, Depends(experiments_of)]


@router.post("", status_code=201, operation_id="create_experiment", responses=documented(503))
def create_experiment(asked: ExperimentRequest, experiments: Experiments, response: Response) -> ExperimentDetail:
    """Start one: sets are assigned by a stable hash, and each is replayed under both arms on its own path."""
    made = experiments.create(asked.model_dump(exclude_unset=True))
    response.headers["Location"] = f"/api/experiments/{made['experiment_id']}"
    return ExperimentDetail.model_validate(made)


@router.get("", operation_id="list_experiments")
def list_experiments(experiments: Experiments, page: PageNumber = 1, page_size: PageSize = 50) -> ExperimentPage:
    return ExperimentPage.model_validate(experiments.page(page, page_size))


@router.get("/{experiment_id}", operation_id="read_experiment", responses=documented(404))
def read_experiment(experiment_id: ExperimentId, experiments: Experiments) -> ExperimentDetail:
    return ExperimentDetail.model_validate(experiments.read(experiment_id))


@router.post("/{experiment_id}/stop", operation_id="stop_experiment", responses=documented(404, 409))
def stop_experiment(experiment_id: ExperimentId, experiments: Experiments) -> ExperimentDetail:
    """End it without a verdict. One that is over stays what it is."""
    return ExperimentDetail.model_validate(experiments.stop(experiment_id))

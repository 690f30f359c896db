"""Written plans: proposed, judged, and put into force by an operator's word. Promotion needs the scope admin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.params import Depends

from exitbrain.api.inputs import refuse_paths_from_afar
from exitbrain.api.models.strategist import (
    PromotionRequest,
    PromptsShown,
    ProposalDetail,
    ProposalList,
    ProposalRequest,
    ReviewRequest,
    WithdrawalRequest,
)
from exitbrain.api.problems import documented
from exitbrain.api.written_plans import WrittenPlans

router = APIRouter(prefix="/api/strategist", tags=["strategist"])
ProposalId = Annotated[str, Path(pattern=r"^s[0-9a-f]{12}$", description="As the list of proposals names it.")]


def plans_of(request: Request) -> Any:
    return WrittenPlans(request.app.state.workbench)


Plans = Annotated[Any, Depends(plans_of)]


@router.get("/prompts", operation_id="read_prompts")
def read_prompts(plans: Plans) -> PromptsShown:
    """What a model is told whatever the market, the styles' templates included, with version and hash."""
    return PromptsShown.model_validate(plans.prompts())


@router.get("/proposals", operation_id="list_proposals")
def list_proposals(plans: Plans) -> ProposalList:
    """Every plan that was proposed or reviewed, the newest first."""
    return ProposalList.model_validate(plans.page())


@router.post("/proposals", status_code=201, operation_id="create_proposal", responses=documented(503))
def create_proposal(asked: ProposalRequest, plans: Plans, request: Request, response: Response) -> ProposalDetail:
    """Write a plan, or take in one that is written, into quarantine. It is not in force by that."""
    given = asked.model_dump()
    refuse_paths_from_afar(request, {"candles": given["candles"]})
    made = plans.create(given)
    response.headers["Location"] = f"/api/strategist/proposals/{made['proposal_id']}"
    return ProposalDetail.model_validate(made)


@router.get("/proposals/{proposal_id}", operation_id="read_proposal", responses=documented(404))
def read_proposal(proposal_id: ProposalId, plans: Plans) -> ProposalDetail:
    return ProposalDetail.model_validate(plans.read(proposal_id))


@router.post("/proposals/{proposal_id}/review", operation_id="review_proposal", responses=documented(404, 409, 503))
def review_proposal(proposal_id: ProposalId, asked: ReviewRequest, plans: Plans, request: Request) -> ProposalDetail:
    """Judge it where it stands; the answer comes when that is done. One plan at a time is judged."""
    given = asked.model_dump()
    refuse_paths_from_afar(request, {"candles": given["candles"]})
    return ProposalDetail.model_validate(plans.review(proposal_id, given))


@router.post("/proposals/{proposal_id}/promote", operation_id="promote_proposal", responses=documented(404, 409))
def promote_proposal(proposal_id: ProposalId, asked: PromotionRequest, plans: Plans) -> ProposalDetail:
    """One step on, by an operator's consent. Needs the scope admin."""
    return ProposalDetail.model_validate(plans.promote(proposal_id, asked.model_dump()))


@router.post("/proposals/{proposal_id}/withdraw", operation_id="withdraw_proposal", responses=documented(404, 409))
def withdraw_proposal(proposal_id: ProposalId, asked: WithdrawalRequest, plans: Plans) -> ProposalDetail:
    """Out of force, or rejected before it was. Needs the scope admin."""
    return ProposalDetail.model_validate(plans.withdraw(proposal_id, asked.model_dump()))

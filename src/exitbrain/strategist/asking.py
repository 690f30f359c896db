"""Asking a model for a plan: typed output, retries with the linter's own words, a budget, and recordings.

    answer = ask(question, model=ModelChoice(name="openai:NAME", base_url="http://127.0.0.1:8080/v1"), check=check)
    answer.plan                     # a mapping that `check` found no fault in
    answer.recording                # the conversation, as it can be replayed without a model

`check` gives the faults of a plan as lines; what it finds goes back to the model, which mends it or runs out of answers.
The package pydantic-ai is an extra; it is loaded here alone, and only where a model is asked or a recording replayed.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from exitbrain.errors import InvalidInput, Problem, Unavailable

if TYPE_CHECKING:
    from pydantic_ai.models import Model

Check = Callable[[Mapping[str, Any]], list[str]]
MODEL, BASE_URL = "EXITBRAIN_MODEL", "EXITBRAIN_MODEL_URL"
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
PROVIDERS = tuple(KEYS)
SERVERS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
NAME_SECONDS = 10.0
NO_MODEL_NEEDED = "--from-template STYLE needs no model"
MOST_FAULTS_TOLD = 20
RECORDING = "exitbrain conversation 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`retries` after the first answer; seconds for the whole conversation; tokens of all answers together."""

    retries: int = 3
    seconds: float = 120.0
    output_tokens: int = 32_000
    total_tokens: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """`name` is PROVIDER:MODEL; `base_url` is an OpenAI-compatible server, such as one on this machine."""

    name: str
    base_url: str | None = None

    @classmethod
    def of(cls, name: str | None, base_url: str | None, environment: Mapping[str, str]) -> ModelChoice:
        """What is given, else the environment's. Unavailable where neither names a model."""
        chosen = name or environment.get(MODEL, "").strip()
        if not chosen:
            raise Unavailable(f"no model is named: give --model, or set {MODEL}; {NO_MODEL_NEEDED}")
        provider, colon, model = chosen.partition(":")
        if not colon or provider not in PROVIDERS or not model.strip():
            accepted = " or ".join(f"{one}:MODEL" for one in PROVIDERS)
            raise InvalidInput(Problem(found=f"model {chosen!r}", accepted=accepted))
        return cls(name=chosen, base_url=base_url or environment.get(BASE_URL) or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that a model is told. `schema` is the JSON Schema of the plan."""

    instructions: str
    text: str
    schema: Mapping[str, Any]

    def key(self, model: str) -> str:
        """The same question to the same model has the same key."""
        content = json.dumps([model, self.instructions, self.text, self.schema], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model, and what was found wrong in it."""

    plan: Mapping[str, Any]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    plan: Mapping[str, Any]
    turns: tuple[Turn, ...]
    model: str
    key: str
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def recording(self) -> dict[str, Any]:
        """Plain values: what was answered in each turn, and the faults that were told."""
        turns = [{"plan": turn.plan, "faults": list(turn.faults)} for turn in self.turns]
        return {
            "format": RECORDING,
            "model": self.model,
            "key": self.key,
            "turns": turns,
            "usage": dict(self.usage),
        }


def ask(
    question: Question,
    *,
    model: ModelChoice | Model,
    check: Check,
    budget: Budget | None = None,
    environment: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Answer:
    """Unavailable without the package, a key, a network, within the budget, or where every answer had faults."""
    budget = budget or Budget()
    environment = os.environ if environment is None else environment
    ai = _package()
    called = name or (model.name if isinstance(model, ModelChoice) else model.model_name)
    turns: list[Turn] = []

    def mended(plan: dict[str, Any]) -> dict[str, Any]:
        faults = tuple(check(plan))
        turns.append(Turn(plan=plan, faults=faults))
        if faults:
            raise ai.ModelRetry(_told(faults))
        return plan

    if isinstance(model, ModelChoice):
        asked = _model(model, environment)
        _refuse_unknown_server(model, budget)
    else:
        asked = model
    agent = ai.Agent(
        asked,
        output_type=ai.StructuredDict(dict(question.schema), name="strategy_plan", description="The whole plan."),
        instructions=question.instructions,
        retries=budget.retries,
        model_settings={"timeout": budget.seconds, "max_tokens": budget.output_tokens},
    )
    agent.output_validator(mended)
    limits = ai.UsageLimits(
        request_limit=budget.retries + 1,
        output_tokens_limit=budget.output_tokens,
        total_tokens_limit=budget.total_tokens,
    )
    with _words_for_failures(called, turns, budget):
        made = agent.run_sync(question.text, usage_limits=limits, timeout=budget.seconds)
    usage = {"requests": made.usage.requests, "input_tokens": made.usage.input_tokens}
    usage |= {"output_tokens": made.usage.output_tokens}
    return Answer(plan=made.output, turns=tuple(turns), model=called, key=question.key(called), usage=usage)


def replayed(question: Question, recording: Mapping[str, Any], *, check: Check, budget: Budget | None = None) -> Answer:
    """The recorded answers given once more, each checked as it is checked now. InvalidInput for no recording."""
    plans = recorded_plans(recording)
    _package()
    from pydantic_ai.messages import ModelResponse, ToolCallPart
    from pydantic_ai.models.function import FunctionModel

    left = list(plans)

    def next_answer(_messages: Any, told: Any) -> ModelResponse:
        if not left:
            raise Unavailable("the recording ends before its plan is without fault")
        return ModelResponse(parts=[ToolCallPart(told.output_tools[0].name, dict(left.pop(0)))])

    name = str(recording.get("model") or "recording")
    return ask(question, model=FunctionModel(next_answer), check=check, budget=budget, name=name)


def recorded_plans(recording: object) -> list[Mapping[str, Any]]:
    turns = recording.get("turns") if isinstance(recording, Mapping) else None
    is_ours = isinstance(recording, Mapping) and recording.get("format") == RECORDING
    plans = [turn.get("plan") for turn in turns if isinstance(turn, Mapping)] if isinstance(turns, list) else []
    if not is_ours or not plans or not all(isinstance(plan, Mapping) for plan in plans):
        raise InvalidInput(Problem(found="no recorded conversation", accepted="a file that --record wrote"))
    return [plan for plan in plans if isinstance(plan, Mapping)]


def _package() -> Any:
    try:
        import pydantic_ai
    except ImportError:
        words = f'asking a model needs the package pydantic-ai: pip install "exitbrain[llm]"; {NO_MODEL_NEEDED}'
        raise Unavailable(words) from None
    return pydantic_ai


def _model(choice: ModelChoice, environment: Mapping[str, str]) -> Model:
    provider, _, name = choice.name.partition(":")
    key = environment.get(KEYS[provider], "").strip()
    if not key and choice.base_url is None:
        raise Unavailable(f"no key for {provider}: set {KEYS[provider]}; {NO_MODEL_NEEDED}")
    if provider == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(name, provider=AnthropicProvider(api_key=key or "none", base_url=choice.base_url))
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(name, provider=OpenAIProvider(api_key=key or "none", base_url=choice.base_url))


def _refuse_unknown_server(choice: ModelChoice, budget: Budget) -> None:
    """Without a network a name may be looked for longer than any budget, in a thread that keeps a program from ending."""
    address = urlsplit(choice.base_url or SERVERS[choice.name.partition(":")[0]])
    if address.hostname is None:
        raise InvalidInput(Problem(found=f"base URL {choice.base_url!r}", accepted="http://HOST:PORT/v1"))
    if address.scheme in getproxies():
        return
    found = threading.Event()

    def look() -> None:
        try:
            socket.getaddrinfo(address.hostname, address.port or 443)
            found.set()
        except OSError:
            pass

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(min(NAME_SECONDS, budget.seconds))
    if not found.is_set():
        said = f"model {choice.name} cannot be reached: no address of {address.hostname} was found"
        raise Unavailable(f"{said}; {NO_MODEL_NEEDED}")


class _words_for_failures:
    """What goes wrong with a model, in a line that says what to do; never with a key in it."""

    def __init__(self, name: str, turns: list[Turn], budget: Budget) -> None:
        self.name, self.turns, self.budget = name, turns, budget

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        from pydantic_ai import exceptions as of_model

        match error:
            case None | KeyboardInterrupt() | Unavailable():
                return
            case of_model.RunTimedOut() | of_model.ModelTimeoutError() | of_model.ModelRequestTimeout():
                said = f"did not answer within {self.budget.seconds:g} s"
            case of_model.UsageLimitExceeded():
                said = f"used up the budget: {_brief(error)}"
            case of_model.ModelAuthenticationError():
                said = "refused the key"
            case of_model.ModelConnectionError():
                said = "cannot be reached"
            case of_model.UnexpectedModelBehavior() if self.turns:
                count = len(self.turns)
                last = "; ".join(self.turns[-1].faults[:3])
                said = f"gave no plan without faults in {count} answer{'s' * (count > 1)}; the last had: {last}"
            case of_model.AgentRunError() | of_model.UserError() | OSError():
                said = f"failed: {_brief(error)}"
            case _:
                return
        raise Unavailable(f"model {self.name} {said}; {NO_MODEL_NEEDED}") from None


def _brief(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else f"{words[:197]}..."


def _told(faults: tuple[str, ...]) -> str:
    shown = [f"- {fault}" for fault in faults[:MOST_FAULTS_TOLD]]
    if len(faults) > MOST_FAULTS_TOLD:
        shown.append(f"- and {len(faults) - MOST_FAULTS_TOLD} more")
    return "\n".join(["The plan has faults. Send the whole plan again with these mended:", *shown])

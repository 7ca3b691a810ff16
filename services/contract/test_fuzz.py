"""Requests of all kinds, made from each service's own document by schemathesis.

No answer may be a fault, and none may be one that the document does not tell of.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import CheckContext, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conftest import Service

Case = schemathesis.Case[Any]


def no_fault(_context: CheckContext, response: Response, _case: Case) -> None:
    """Busy and too slow are answers that documents tell of; nothing else from 500 on is one."""
    assert response.status_code < 500 or response.status_code == 503, response.text


CHECKS: dict[GenerationMode, list[CheckFunction]] = {
    mode: [
        no_fault,
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        *more,
    ]
    for mode, more in (
        (GenerationMode.POSITIVE, ()),
        (GenerationMode.NEGATIVE, (negative_data_rejection,)),
    )
}
FUZZ = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def schema_of(service: Service) -> BaseSchema:
    schema = schemathesis.openapi.from_path(str(service.document))
    schema.config.update(base_url=service.url)
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_ml_service_keeps_to_its_document(ml_service: Service, mode: GenerationMode) -> None:
    ask_everything(ml_service, mode, {})


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_backend_keeps_to_its_document(backend: Service, mode: GenerationMode) -> None:
    ask_everything(backend, mode, {})


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_backend_keeps_to_its_document_for_users(
    backend: Service, somebody: dict[str, str], mode: GenerationMode
) -> None:
    ask_everything(backend, mode, somebody)


def ask_everything(service: Service, mode: GenerationMode, headers: dict[str, str]) -> None:
    for found in schema_of(service).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        # It would end the session that the rest is asked with.
        if headers and operation.path.startswith("/api/auth/logout"):
            continue

        @FUZZ
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS[mode])

        try:
            ask()
        except Unsatisfiable:
            # What takes no input cannot be given a wrong one.
            assert mode is GenerationMode.NEGATIVE, operation.label
            assert not takes_input(operation), operation.label


def takes_input(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    parts = (operation.body, operation.query, operation.headers, operation.path_parameters)
    return any(len(part) for part in parts)


def test_sequences_of_requests_that_use_what_was_answered_keep_to_the_document(
    backend: Service, somebody: dict[str, str]
) -> None:
    schema = schema_of(backend).exclude(path_regex="^/api/auth/")

    class Sequences(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, object]:
            return {"headers": somebody}

        def validate_response(self, response: Response, case: Case, **_: object) -> None:
            case.validate_response(response, checks=CHECKS[GenerationMode.POSITIVE])

    Sequences.run(settings=settings(FUZZ, max_examples=40, stateful_step_count=8))

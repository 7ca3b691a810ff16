"""Faults of ours, reported to Sentry: with the release and the request, and without what was eaten.

Without a DSN nothing is loaded and nothing sent. The fields are those of the backend's
`src/faults.ts`.
"""

from typing import TYPE_CHECKING, Protocol, cast

from nutri_ml.scrub import scrub, scrub_text
from nutri_ml.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

FLUSH_SECONDS = 2.0
# Parts that may tell who asked, what they said, or where we run.
UNTOLD = ("request", "breadcrumbs", "server_name", "modules", "extra")


class Faults(Protocol):
    """Whom faults are told to."""

    def report(self, error: BaseException, request_id: str = "", route: str = "") -> None: ...

    def flush(self) -> None:
        """Waits until what was reported is out, but not for long."""
        ...


class NoFaults:
    """Stands in when there is no DSN."""

    def report(self, error: BaseException, request_id: str = "", route: str = "") -> None:
        return None

    def flush(self) -> None:
        return None


class SentryFaults:
    """A client of its own: nothing of the process is patched, and nobody else sends through it."""

    def __init__(self, dsn: str, release: str, environment: str, sample_rate: float) -> None:
        from sentry_sdk import Client

        self._client = Client(
            dsn=dsn,
            release=release,
            environment=environment,
            sample_rate=sample_rate,
            before_send=without_secrets,
            default_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            auto_session_tracking=False,
            send_client_reports=False,
            max_breadcrumbs=0,
            shutdown_timeout=FLUSH_SECONDS,
        )

    def report(self, error: BaseException, request_id: str = "", route: str = "") -> None:
        from sentry_sdk import Scope
        from sentry_sdk.utils import event_from_exception

        event, hint = event_from_exception(error, client_options=self._client.options)
        scope = Scope()
        for name, value in (("request_id", request_id), ("route", route)):
            if value:
                scope.set_tag(name, value)
        self._client.capture_event(event, hint, scope)

    def flush(self) -> None:
        self._client.flush(timeout=FLUSH_SECONDS)


def open_faults(settings: Settings) -> Faults:
    if settings.sentry_dsn is None:
        return NoFaults()
    return SentryFaults(
        settings.sentry_dsn.get_secret_value(),
        f"nutri-ml-service@{settings.app_version}",
        settings.sentry_environment or settings.environment,
        settings.sentry_sample_percent / 100,
    )


def without_secrets(event: "Event", _hint: "Hint") -> "Event":
    """Everything that words may hold is looked at; ids, times and names of files are ours."""
    told = cast(dict[str, object], event)
    for name in UNTOLD:
        told.pop(name, None)
    if "message" in told:
        told["message"] = scrub_text(str(told["message"]))
    if "contexts" in told:
        told["contexts"] = scrub(told["contexts"])
    exception = cast(dict[str, list[dict[str, object]]], told.get("exception") or {})
    for one in exception.get("values", []):
        one["value"] = scrub_text(str(one.get("value", "")))
    return event

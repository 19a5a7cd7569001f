"""Every error that a caller can meet, as a tree.

    Refusal                      status  code                retry helps
    ├─ InvalidRequest             400    invalid_request     no
    ├─ InvalidKey                 401    invalid_key         no
    ├─ NotPermitted               403    not_permitted       no
    ├─ NoTargetByPolicy           403    policy_no_target    no
    ├─ ModelNotFound              404    model_not_found     no
    ├─ NotFound                   404    not_found           no
    ├─ NotCached                  404    not_cached          no
    ├─ BudgetExhausted            429    budget_exhausted    after `retry_after_s`
    ├─ RateLimited                429    rate_limited        after `retry_after_s`
    ├─ RunLimited                 429    run_limit           no
    ├─ UpstreamFailed             502    upstream_failed     perhaps
    ├─ UpstreamTimeout            504    upstream_timeout    perhaps
    ├─ Overloaded                 503    overloaded          after `retry_after_s`
    └─ PrivacyUnavailable         503    privacy_unavailable no

A refusal speaks German and English: `de` says what happened, with the value, and what to do; `en` the
same. The client's own error shape is made of it in one place, `api/problems.py`. Callers see no
internals; operators get the cause through `raise … from`.
"""


class Refusal(Exception):
    """A request that is not served, with the reason in both languages."""

    status = 500
    code = "refused"

    def __init__(
        self, de: str, en: str, *, retry_after_s: float | None = None, detail: dict[str, object] | None = None
    ) -> None:
        """de, en: whole sentences with the value and the next step.

        retry_after_s: seconds until a retry can help; None when it cannot.
        detail: machine-readable extras for the error body, e.g. `{"limit": "company"}`.
        """
        super().__init__(en)
        self.de = de
        self.en = en
        self.retry_after_s = retry_after_s
        self.detail = detail or {}

    def message(self, language: str) -> str:
        """The sentence in `de` or, for every other language, English."""
        return self.de if language == "de" else self.en


class InvalidRequest(Refusal):
    """The request cannot be understood; `detail.param` names the field where one is known."""

    status, code = 400, "invalid_request"


class ContextTooLong(InvalidRequest):
    """The prompt is longer than any allowed model takes (the providers' context_length_exceeded)."""

    code = "context_length_exceeded"


class InvalidKey(Refusal):
    """No key, an unknown one, a revoked or an expired one."""

    status, code = 401, "invalid_key"


class NotPermitted(Refusal):
    """The caller may not do this."""

    status, code = 403, "not_permitted"


class NoTargetByPolicy(Refusal):
    """Data class, region and contracts leave no provider for this request."""

    status, code = 403, "policy_no_target"


class ModelNotFound(Refusal):
    """No model of that name is offered."""

    status, code = 404, "model_not_found"


class NotFound(Refusal):
    """There is nothing at this address."""

    status, code = 404, "not_found"


class NotCached(Refusal):
    """`x-leitstand-cache: only` was asked and nothing is stored."""

    status, code = 404, "not_cached"


class BudgetExhausted(Refusal):
    """A budget is used up; `retry_after_s` reaches to the next period."""

    status, code = 429, "budget_exhausted"


class RateLimited(Refusal):
    """Too many requests in a minute."""

    status, code = 429, "rate_limited"


class RunLimited(Refusal):
    """An agent run has made all its steps, or used all its money; its next step belongs to a new run."""

    status, code = 429, "run_limit"


class UpstreamFailed(Refusal):
    """All providers that may be asked have failed."""

    status, code = 502, "upstream_failed"


class UpstreamTimeout(Refusal):
    """No provider answered in time."""

    status, code = 504, "upstream_timeout"


class Overloaded(Refusal):
    """Leitstand itself cannot take the request now."""

    status, code = 503, "overloaded"


class PrivacyUnavailable(Refusal):
    """Texts cannot be searched for personal data, so none may leave the house."""

    status, code = 503, "privacy_unavailable"

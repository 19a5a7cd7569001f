"""Sets, trials and reports in JSON, the same for the API and the command line.

Amounts in EUR as decimal text, shares from 0 to 1, times in seconds.
"""

from typing import Any

from leitstand.answers.regression import Report, SetSummary, TrialSummary
from leitstand.core.money import plain
from leitstand.prompts.regression.verdict import Comparison, Interval, ModelFigures


def set_view(summary: SetSummary) -> dict[str, Any]:
    """A set in JSON."""
    return {
        "name": summary.name, "title": summary.label, "use_case": summary.use_case, "cases": summary.cases,
        "nightly": summary.nightly, "changed": summary.changed.isoformat(timespec="seconds"),
        "changed_by": summary.changed_by, "accepted": dict(summary.accepted),
    }  # fmt: skip


def trial_view(trial: TrialSummary) -> dict[str, Any]:
    """A trial in JSON."""
    return {
        "id": trial.id, "set": trial.set_name, "night": trial.night, "candidate": trial.candidate,
        "baseline": trial.baseline, "repetitions": trial.repetitions, "state": trial.state, "decision": trial.decision,
        "reason": {"de": trial.reason.de, "en": trial.reason.en} if trial.reason else None,
        "max_eur": plain(trial.most_nano), "created": trial.created.isoformat(timespec="seconds"),
        "created_by": trial.created_by,
        "finished": trial.finished.isoformat(timespec="seconds") if trial.finished else None,
        "answers": trial.done, "answers_total": trial.total,
    }  # fmt: skip


def report_view(report: Report, with_answers: bool = False) -> dict[str, Any]:
    """A report in JSON; amounts in EUR, shares from 0 to 1, times in seconds."""
    view = {
        **trial_view(report.trial),
        "spent_eur": plain(report.spent_nano),
        "comparison": None,
        "drift": None,
    }
    if report.comparison is not None:
        view["comparison"] = _comparison(report.comparison)
    if report.drift is not None:
        drift = report.drift
        view["drift"] = {
            "drifted": drift.drifted, "passed": drift.passed, "before": drift.before,
            "agreement": drift.agreement, "own_agreement": drift.own_agreement, "failing": list(drift.failing),
        }  # fmt: skip
    if with_answers:
        view["cases"] = {
            case: [
                {
                    "model": shown.model, "repetition": shown.repetition, "passed": shown.judged.passed,
                    "failed": list(shown.failed), "text": shown.judged.text, "request_id": shown.request_id,
                    "error": {"de": shown.error.de, "en": shown.error.en} if shown.error else None,
                    "cost_eur": plain(shown.judged.cost_nano), "latency_s": shown.judged.latency_s,
                }
                for shown in answers
            ]
            for case, answers in report.answers.items()
        }  # fmt: skip
    return view


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "decision": found.decision.value,
        "candidate": _model(found.candidate),
        "baseline": _model(found.baseline),
        "difference": _interval(found.difference),
        "saving": _interval(found.saving) if found.saving else None,
        "agreement": round(found.agreement, 4),
        "failing": list(found.failing),
        "repetitions_needed": found.repetitions_needed,
        "cases": [
            {
                "case": case.case, "must": case.must, "candidate": case.candidate, "baseline": case.baseline,
                "agreement": round(case.agreement, 4),
            }
            for case in found.cases
        ],
    }  # fmt: skip


def _model(figures: ModelFigures) -> dict[str, Any]:
    return {
        "passed": round(figures.passed, 4), "agreement": round(figures.agreement, 4),
        "cost_eur": plain(round(figures.cost_nano)), "p50_s": round(figures.p50_s, 3),
        "p95_s": round(figures.p95_s, 3), "output_tokens": round(figures.output_tokens, 1),
        "answers": figures.answers, "unanswered": figures.unanswered,
    }  # fmt: skip


def _interval(interval: Interval) -> dict[str, float]:
    return {"value": round(interval.value, 4), "low": round(interval.low, 4), "high": round(interval.high, 4)}

"""What a model's calls turned out to be: how its tokenizer counts, how long its answers are.

One history per process; it learns within a few calls and needs no storage.
"""

from collections import deque
from collections.abc import Mapping

from leitstand.core.conversation import Usage

_REMEMBERED_ANSWERS = 64
_HIGH = 0.95  # quantile of the answers' lengths
_MEAN_WEIGHT = 0.1
_MAXIMUM_DECAY = 0.002  # of the distance to the mean, per call: half gone after 350 calls
_SNAP = 1e-6  # float noise must not round a token up


class ModelHistory:
    """The record of one model (by its public name)."""

    def __init__(self) -> None:
        self.calls = 0
        self._mean_ratio = 1.0
        self._max_ratio = 1.0
        self._ratios = 0
        self._answers: deque[int] = deque()
        self._answers_sum = 0
        self.share = 1.0

    def learn(self, estimated_input: int, usage: Usage, *, share: float = 1.0, cut: bool = False) -> None:
        """Take note of a settled call.

        share: what it cost, of what the same tokens cost uncached at the cheapest candidate (0 to 1).
        cut: the answer was ended by a cap of ours, so its length says little.
        """
        if usage.input_tokens <= 0 and usage.output_tokens <= 0:
            return
        self.calls += 1
        self.share += (share - self.share) * (1.0 if self.calls == 1 else _MEAN_WEIGHT)
        if not usage.estimated and estimated_input > 0 and usage.input_tokens > 0:
            self._learn_ratio(usage.input_tokens / estimated_input)
        if not cut or not self._answers:
            self._learn_answer(usage.output_tokens)

    def _learn_answer(self, tokens: int) -> None:
        self._answers.append(tokens)
        self._answers_sum += tokens
        if len(self._answers) > _REMEMBERED_ANSWERS:
            self._answers_sum -= self._answers.popleft()

    def _learn_ratio(self, ratio: float) -> None:
        self._ratios += 1
        if self._ratios == 1:
            self._mean_ratio = self._max_ratio = ratio
            return
        self._mean_ratio += _MEAN_WEIGHT * (ratio - self._mean_ratio)
        decayed = self._max_ratio - _MAXIMUM_DECAY * (self._max_ratio - self._mean_ratio)
        self._max_ratio = max(ratio, decayed)

    @property
    def is_proven(self) -> bool:
        """Whether at least one call has been settled."""
        return self.calls > 0

    def worst_input(self, estimated: int) -> int:
        """Input tokens that this model hardly exceeds."""
        return _ceil(estimated * self._max_ratio)

    def typical_input(self, estimated: int) -> int:
        """Input tokens to be expected."""
        return round(estimated * self._mean_ratio)

    def typical_output(self) -> int:
        """Mean length of the last answers in tokens; 0 without any."""
        return round(self._answers_sum / len(self._answers)) if self._answers else 0

    def high_output(self) -> int:
        """A length that 95 % of the last answers stay within; 0 without any."""
        if not self._answers:
            return 0
        return sorted(self._answers)[min(int(len(self._answers) * _HIGH), len(self._answers) - 1)]


def _ceil(value: float) -> int:
    return -int(-(value - _SNAP) // 1)


class History:
    """The records of all models."""

    def __init__(self) -> None:
        self._models: dict[str, ModelHistory] = {}

    def of(self, model: str) -> ModelHistory:
        """The record of a model, empty at first."""
        return self._models.setdefault(model, ModelHistory())

    def models(self) -> Mapping[str, ModelHistory]:
        """All records, for pages."""
        return self._models

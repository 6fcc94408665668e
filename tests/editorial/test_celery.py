"""What a Celery worker does before it has processes of its own."""

import pytest

from editorial import celery
from explanations.checks import language


@pytest.mark.parametrize(("queues", "loads"), [(["drafting"], 1), (["celery"], 0), (None, 0)])
def test_only_a_drafting_worker_loads_the_language_model_for_its_processes(
    monkeypatch: pytest.MonkeyPatch, queues: list[str] | None, loads: int
) -> None:
    monkeypatch.setattr(celery, "keep_what_is_loaded", lambda: None)
    language._identifier.cache_clear()
    celery.before_the_pool_forks(options={"queues": queues})
    assert language._identifier.cache_info().currsize == loads

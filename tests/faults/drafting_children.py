"""Drainers that can be killed: imports everything once, then forks one at each line it reads.

    python -m tests.faults.drafting_children [--without-fence] [--poison]

answers each line with the child's process id. Without the fence every answer is written, however
late: the control, which shows that the test would notice. With poison, a recommendation of the
locale "poison" kills the drainer that has its answer.
"""

import os
import signal
import sys
from typing import Any


def main() -> None:
    """Fork drainers until the input ends."""
    import django

    django.setup()
    from explanations.services.drafting import engine, writing
    from explanations.services.drafting.claiming import FENCE
    from explanations.services.drafting.drain import drain
    from explanations.services.drafting.pace import Pace

    if "--without-fence" in sys.argv:
        unfenced: Any = writing
        unfenced._LOCK = writing._LOCK.replace(FENCE, "draft.id = held.id")
        unfenced._OPEN_PLACES = writing._OPEN_PLACES + " ON CONFLICT DO NOTHING"

    if "--poison" in sys.argv:
        judging: Any = engine
        judge = judging.judge

        def judge_or_die(asked: Any, *more: Any) -> Any:
            if asked.claim.locale == "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            return judge(asked, *more)

        judging.judge = judge_or_die

    with_pace = Pace(
        lease_s=float(os.environ["DRAFTING_LEASE_S"]),
        request_timeout_s=60.0,
        write_every_s=0.01,
        idle_s=0.05,
        linger_s=60.0,
    )
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        process_id = os.fork()
        if not process_id:
            try:
                drain(with_pace, lambda: None, lambda stop: None)
            finally:
                os._exit(0)
        print(process_id, flush=True)


if __name__ == "__main__":
    main()

"""For tests of supervised code: a clock that does not wait, faults on demand, and a model to compare a tree with.

| you want to | take |
|---|---|
| run a few children | `running` |
| wait until somebody has been restarted | `restarted` |
| not wait for real, and see one interleaving again | `run_fast` |
| make an actor crash, hang or fail to start, without changing it | `Faults`, `faulty` |
| know that nothing is orphaned or half dead | `assert_whole` |
| say what a tree should look like after any deeds | `model.TreeModel` |
| have hypothesis look for deeds after which it does not | `machine.SupervisionMachine` (needs `hypothesis`) |
"""

from supervisors.testing.clock import run_fast
from supervisors.testing.faults import Faults, InjectedFault, faulty
from supervisors.testing.running import restarted, running
from supervisors.testing.wholeness import assert_whole

__all__ = ["Faults", "InjectedFault", "assert_whole", "faulty", "restarted", "run_fast", "running"]

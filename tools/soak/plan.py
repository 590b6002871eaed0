"""What a soak is to run, and which process runs what."""

from dataclasses import dataclass

_READINGS = 200


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """So many sequences of a seed, dealt out to the processes in turn."""

    seed: int
    sequences: int
    operations_each: int
    first_sequence: int
    jobs: int

    def numbers(self, process: int) -> range:
        """The sequences of a process."""
        return range(self.first_sequence + process, self.first_sequence + self.sequences, self.jobs)

    @property
    def measured_every(self) -> int:
        """A process is measured after so many of its sequences."""
        return max(1, self.sequences // self.jobs // _READINGS)

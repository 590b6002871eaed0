"""What `flue db check` found, for people and for machines."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from flue_memdb.contract.checks import RUN_STATUSES, SUBMISSION_STATUSES
from flue_memdb.contract.errors import quoted
from flue_valkey.checks.namespace import NamespaceState
from flue_valkey.checks.server import ServerState
from flue_valkey.cli.db.tables import UNKNOWN, amount, lasted, size, table
from flue_valkey.cli.texts import counted, printable
from flue_valkey.invariants import Finding
from flue_valkey.runner import masked

_KEPT = 1_000


@dataclass(slots=True)
class DeepCheck:
    """How many keys were looked at, and what was found of each kind; of very many findings the first ones."""

    keys: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    first: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Takes one more."""
        self.counts[finding.kind] += 1
        if self.counts[finding.kind] <= _KEPT:
            self.first.append(finding)

    def told(self, kind: str) -> Iterator[str]:
        """The findings of a kind."""
        yield from (str(finding) for finding in self.first if finding.kind == kind)
        if self.counts[kind] > _KEPT:
            yield f"{kind}: and {self.counts[kind] - _KEPT:,} more"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The state of a server and of a namespace on it at `now`, in epoch ms; `deep` only where it was asked for."""

    url: str
    now: int
    server: ServerState
    namespace: NamespaceState
    deep: DeepCheck | None = None

    @property
    def findings(self) -> list[str]:
        """What somebody has to look at."""
        deep = self.deep.told("broken") if self.deep else ()
        return [*self.server.findings(), *self.namespace.findings(), *deep]

    @property
    def warnings(self) -> list[str]:
        """What is worth to know."""
        deep = self.deep.told("left over") if self.deep else ()
        return [*self.server.warnings(), *self.namespace.warnings(), *deep]

    @property
    def is_finding(self) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.findings)

    def as_json(self) -> str:
        """One JSON object; what is unknown is null."""
        server, namespace, counts = self.server, self.namespace, self.namespace.counts
        oldest = namespace.oldest_unsettled
        return json.dumps(
            {
                "finding": self.is_finding,
                "findings": self.findings,
                "warnings": self.warnings,
                "server": {
                    "url": masked(self.url),
                    "product": server.product,
                    "role": server.role,
                    "settings": server.settings,
                    "usedBytes": server.used_bytes,
                    "limitBytes": server.limit_bytes,
                },
                "namespace": {
                    "prefix": namespace.prefix,
                    "schemaVersion": namespace.version,
                    "submissions": {status: counts[status] for status in SUBMISSION_STATUSES},
                    "runs": {status: counts[f"runs_{status}"] for status in RUN_STATUSES},
                    "streams": counts["events"],
                    "pendingDeletions": counts["deletions"],
                    "oldestUnsettled": None
                    if oldest is None
                    else {"submissionId": oldest.submission_id, "status": oldest.status, "ageMs": self._age_ms},
                    "expiredLeases": namespace.expired_leases,
                },
                "deep": None
                if self.deep is None
                else {
                    "keys": self.deep.keys,
                    "broken": self.deep.counts["broken"],
                    "leftOver": self.deep.counts["left over"],
                },
            },
            indent=2,
        )

    def as_text(self) -> str:
        """A table for people, and under it the findings."""
        lines = [click.style("Nothing has to be done.", fg="green", bold=True)]
        if self.is_finding:
            lines = [click.style(f"{counted(len(self.findings), 'finding')}:", fg="red", bold=True)]
            lines += [f"  - {printable(finding)}" for finding in self.findings]
        if self.warnings:
            lines += [click.style(f"{counted(len(self.warnings), 'warning')}:", fg="yellow", bold=True)]
            lines += [f"  - {printable(warning)}" for warning in self.warnings]
        return table(self._rows()) + "\n" + "\n".join(lines) + "\n"

    def _rows(self) -> Iterator[tuple[str, str]]:
        server, namespace, counts = self.server, self.namespace, self.namespace.counts
        yield "server", f"{server.product or UNKNOWN} at {masked(self.url)}"
        yield "role", server.role or UNKNOWN
        yield "cluster mode", server.settings["cluster-enabled"] or UNKNOWN
        yield "eviction", server.settings["maxmemory-policy"] or UNKNOWN
        yield "AOF", self._aof()
        snapshots = server.settings["save"]
        yield "snapshots", UNKNOWN if snapshots is None else f"save {snapshots}" if snapshots else "none"
        yield "memory", self._memory()
        version = namespace.version or (UNKNOWN if namespace.forbidden else "none")
        yield "namespace", f"{namespace.prefix}, schema version {version}"
        yield "submissions", ", ".join(f"{amount(counts[status])} {status}" for status in SUBMISSION_STATUSES)
        yield "oldest unsettled", self._oldest()
        yield "expired leases", amount(namespace.expired_leases)
        yield "pending deletions", amount(counts["deletions"])
        yield "runs", ", ".join(f"{amount(counts[f'runs_{status}'])} {status}" for status in RUN_STATUSES)
        yield "streams", amount(counts["events"])
        if self.deep is not None:
            found = self.deep.counts
            yield (
                "every key",
                f"{self.deep.keys:,} looked at: {found['broken']:,} broken, {found['left over']:,} left over",
            )

    def _aof(self) -> str:
        appendonly = self.server.settings["appendonly"]
        if appendonly == "yes":
            return f"appendfsync {self.server.settings['appendfsync'] or UNKNOWN}"
        return UNKNOWN if appendonly is None else "none"

    def _memory(self) -> str:
        used, limit = self.server.used_bytes, self.server.limit_bytes
        if used is None or not limit:
            return f"{size(used)} used, {'no limit' if limit == 0 else 'limit ' + UNKNOWN}"
        return f"{size(used)} used of {size(limit)}, {size(max(0, limit - used))} left"

    def _oldest(self) -> str:
        oldest = self.namespace.oldest_unsettled
        if oldest is None:
            return "none"
        age = UNKNOWN if self._age_ms is None else lasted(self._age_ms)
        return f"{quoted(oldest.submission_id)}, {oldest.status}, accepted {age} ago"

    @property
    def _age_ms(self) -> int | None:
        oldest = self.namespace.oldest_unsettled
        return None if oldest is None or oldest.accepted_at is None else self.now - oldest.accepted_at

"""What `flue db verify` says at the end: what was done, what was proven, and what was not."""

import json
from dataclasses import asdict, dataclass

import click

from flue_valkey.cli.texts import counted
from flue_valkey.drills.findings import DrillFindings
from flue_valkey.drills.plan import DrillPlan

_SHOWN = 5
_WIDTH = 400

_POWER = (
    "What a machine loses with its power: a killed server leaves to the operating system what it had written. By"
    " Valkey's documentation appendfsync everysec may then lose a second or two, `no` what the system had not yet"
    " written; `always` nothing, if the disk keeps what it says it has."
)
_OTHERS = "Your server's own settings and disk (see `flue db check`), damaged files, and failover to a replica."
_PERSISTENCE = "That anything outlives a restart of this server: it was not killed, only the app was restarted."


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A drill's findings with what it ran on; `url` is that of a server that was not killed, masked."""

    plan: DrillPlan
    found: DrillFindings
    url: str | None
    seconds: float

    def as_json(self) -> str:
        """One JSON object."""
        found = asdict(self.found)
        return json.dumps(
            {
                "finding": self.found.is_finding,
                "server": self.found.server,
                "url": self.url,
                "persistence": None if self.url else self.plan.persistence,
                "seed": self.plan.seed,
                "workers": self.plan.workers,
                "kills": self.found.kills,
                "rounds": self.found.rounds,
                "calls": self.found.calls,
                "acknowledged": self.found.acknowledged,
                "unknown": self.found.unknown,
                "lostAtOnce": self.found.lost_at_once,
                "oldestLostMs": round(self.found.oldest_lost_ms, 1),
                **{name: found[name] for name in ("lost", "twice", "broken")},
                "proven": self._proven(),
                "notProven": self._not_proven(),
                "seconds": round(self.seconds, 1),
            },
            indent=2,
        )

    def as_text(self) -> str:
        """A report for people."""
        found = self.found
        if found.is_finding:
            lines = [click.style("The database does not hold what it acknowledged.", fg="red", bold=True)]
        else:
            lines = [click.style("Everything that was acknowledged is there, once.", fg="green", bold=True)]
        for name, texts in (("lost", found.lost), ("twice", found.twice), ("broken", found.broken)):
            lines += [f"  {name}: {text if len(text) <= _WIDTH else f'{text[:_WIDTH]}…'}" for text in texts[:_SHOWN]]
            if len(texts) > _SHOWN:
                lines.append(f"  {name}: … and {len(texts) - _SHOWN:,} more")
        rounds = counted(found.rounds, "namespace")
        oldest = f"; at most {found.lost_at_once:,} at once, acknowledged up to {found.oldest_lost_ms:,.0f} ms before"
        lines += [
            f"  server    {found.server}",
            f"  kills     {found.kills:,}, and as many restarts, over {rounds}",
            f"  writes    {found.acknowledged:,} acknowledged, {found.unknown:,} cut off, of {found.calls:,} calls",
            f"  lost      {len(found.lost):,} acknowledged writes{oldest if found.lost_at_once else ''}",
            f"  twice     {len(found.twice):,} effects",
            f"  broken    {len(found.broken):,} invariants",
            f"  seed      {self.plan.seed}",
            f"  time      {self.seconds:.1f} s",
        ]
        for title, texts in (("Proven", self._proven()), ("Not proven", self._not_proven())):
            lines += ["", click.style(f"{title}:", bold=True), *(f"- {text}" for text in texts)]
        return "\n".join(lines)

    def _proven(self) -> list[str]:
        if self.found.is_finding:
            return ["Nothing: see above."]
        proven = [
            f"{counted(self.plan.workers, 'process', 'processes')} at work at once, and restarted, did not harm each"
            " other: nothing happened twice, no settled submission came back, and every index agrees with its rows."
        ]
        if self.found.kills:
            proven.append(
                f"All acknowledged writes were there after each of {counted(self.found.kills, 'kill')} of the server"
                f" (SIGKILL) under load, with {self._kept}."
            )
        return proven

    def _not_proven(self) -> list[str]:
        return [_PERSISTENCE, _POWER, _OTHERS] if self.url else [_POWER, _OTHERS]

    @property
    def _kept(self) -> str:
        other = {"snapshots": "a snapshot each second and no AOF", "none": "nothing kept on disk"}
        return other.get(self.plan.persistence, f"an AOF and appendfsync {self.plan.persistence}")

"""What the clients of other processes do where they are to meet in one place."""

from flue_valkey.drills.load import Client

SESSION = 'agent-session:["shared","default","default"]'
DOCUMENT = "shared"
_LARGE = 700_000


class Deleting(Client):
    """Deletes one session all the time, mostly with a callback that fails."""

    def units(self):
        return {self._delete_shared: 1}

    async def _delete_shared(self):
        tree = "ok" if self._choose.random() < 0.05 else "fail"
        await self._caller.answered("submissions.deleteSession", SESSION, {"$tree": tree})


class Saving(Client):
    """Saves one document all the time, and loads it; some are so large that they go in parts."""

    def units(self):
        return {self._save_shared: 20, self._load_shared: 5}

    async def _save_shared(self):
        entries = [{"id": f"{self._name}/{next(self._numbers)}"}]
        if self._choose.random() < 0.02:
            entries += [{"id": f"large-{number}", "text": "x" * _LARGE} for number in range(2)]
        await self._caller.answered("sessions.save", DOCUMENT, {"entries": entries})

    async def _load_shared(self):
        await self._caller.answered("sessions.load", DOCUMENT)

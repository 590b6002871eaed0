"""Steps of submissions: from admission to settlement, and the deletion of their sessions."""

from flue_memdb.contract import Json, format_offset, session_storage_key
from flue_memdb.verification.documents import document, keyed_document, payload, timestamp
from flue_memdb.verification.world import Call, World

_DISPATCH, _DIRECT = "submissions.admitDispatch", "submissions.admitDirect"
_LEASE_MS = 30_000
_MAX_NUMBER = 2**53 - 1


def admission(world: World) -> Call:
    """New work, mostly; else an earlier admission again, as it was, changed, or as one of the other kind."""
    again = world.again(_DISPATCH, _DIRECT) if world.chance(0.35) else None
    if again is None or not isinstance(again[1][0], dict):
        return _new_admission(world)
    op, [given] = again
    choice = world.rng.random()
    if choice < 0.5:
        return op, [given]
    if choice < 0.85:
        return op, [_changed(world, given)]
    return _new_admission(world, op == _DISPATCH, given.get("submissionId", given.get("dispatchId")))


def _new_admission(world: World, direct: bool | None = None, submission_id: Json = None) -> Call:
    rng, names = world.rng, world.names
    if submission_id is None:
        unknown = [name for name in names.submissions if name not in world.db.submissions]
        submission_id = world.maybe(unknown, names.submissions, 0.8)
    direct = world.chance(0.5) if direct is None else direct
    given: dict[str, Json] = {"submissionId" if direct else "dispatchId": submission_id}
    given |= {"agent": world.pick(names.owners), "id": world.pick(names.instances), "acceptedAt": timestamp(rng)}
    if direct:
        given |= {"kind": "direct", "payload": payload(rng)}
    else:
        given["input"] = document(rng)
    if world.chance(0.2):
        given["traceCarrier"] = document(rng, 1)
    if world.chance(0.2):
        given |= {f"x-{key}": value for key, value in keyed_document(rng).items() if key.isascii()}
    if world.chance(0.3):
        items = list(given.items())
        rng.shuffle(items)
        given = dict(items)
    return (_DIRECT if direct else _DISPATCH), [given]


def _changed(world: World, given: dict[str, Json]) -> dict[str, Json]:
    changes: tuple[dict[str, Json], ...] = (
        {"agent": "another"},
        {"id": world.pick(world.names.instances)},
        {"acceptedAt": timestamp(world.rng)},
        {"traceCarrier": None},
        {"extra": 1},
        {"payload": payload(world.rng)} if "payload" in given else {"input": document(world.rng)},
    )
    change = world.rng.randrange(len(changes) + 1)
    return {**given, **changes[change]} if change < len(changes) else dict(reversed(given.items()))


def claim(world: World) -> Call:
    """A claim, mostly of a head; sometimes of what waits behind one, runs, or is settled."""
    db, names, now = world.db, world.names, world.db.clock()
    heads = [head.submission_id for key in db.session_unsettled if (head := db.head(key)) and head.status == "queued"]
    queued = [row.submission_id for row in world.rows("queued")]
    submission_id = world.maybe(heads, queued or names.submissions, 0.75)
    if world.chance(0.1):
        submission_id = world.pick([*names.submissions, "unknown"])
    lease = world.pick((now + _LEASE_MS, now + 1, now + 1, now, max(now - 1, 0), now + 500, 0, 1, _MAX_NUMBER))
    attempt = {"submissionId": submission_id, "attemptId": world.pick(names.attempts)}
    return "submissions.claimSubmission", [{**attempt, "ownerId": world.pick(names.owners), "leaseExpiresAt": lease}]


def apply_input(world: World) -> Call:
    """The mark that input was applied, with a durability or without."""
    now = world.db.clock()
    attempt = world.attempt("running")
    if world.chance(0.4):
        return "submissions.markSubmissionInputApplied", [attempt]
    durability = {
        "maxRetry": world.pick((0, 1, 3, 10, _MAX_NUMBER)),
        "timeoutAt": world.pick((0, 1, now, now + 60_000)),
    }
    return "submissions.markSubmissionInputApplied", [attempt, durability]


def request_recovery(world: World) -> Call:
    """A request for recovery."""
    return "submissions.requestSubmissionRecovery", [world.attempt("running")]


def requeue(world: World) -> Call:
    """A requeue, mostly where no input was applied."""
    attempt = world.attempt("running", where=lambda row: row.input_applied_at is None)
    return "submissions.requeueSubmissionBeforeInputApplied", [attempt]


def complete(world: World) -> Call:
    """A completion."""
    return "submissions.completeSubmission", [world.attempt("running")]


def fail(world: World) -> Call:
    """A failure, with a text or an exception."""
    error = world.pick(
        ("boom", "", "日本 😀", {"$error": "boom"}, {"$error": ""}, {"$error": "a\0b"}, {"$error": None})
    )
    return "submissions.failSubmission", [world.attempt("running"), error]


def replace(world: World) -> Call:
    """A hand-over to another attempt, of a submission that has a journal if there is one."""
    names, now = world.names, world.db.clock()
    attempt = world.attempt("running", where=lambda row: row.submission_id in world.db.journals)
    args: list[Json] = [attempt, world.pick(names.attempts)]
    if world.chance(0.6):
        args.append(
            {"ownerId": world.pick(names.owners), "leaseExpiresAt": world.pick((0, now, now + 1, now + _LEASE_MS))}
        )
    return "submissions.replaceTurnJournalAttempt", args


def reserve(world: World) -> Call:
    """A reservation of the last event; or an earlier one again, as it was or a little changed."""
    standing = [
        args
        for args in world.past.get("submissions.reserveSubmissionTerminal", ())
        if args[0]["submissionId"] in list(world.db.terminalizing)
    ]
    if standing and world.chance(0.5):
        earlier_attempt, reservation = world.pick(standing)
        changes: dict[str, Json] = {}
        if world.chance(0.5):
            changes = {world.pick(("event", "eventKey")): world.pick(world.names.event_keys)}
        return "submissions.reserveSubmissionTerminal", [earlier_attempt, {**reservation, **changes}]
    attempt = world.attempt("running", where=lambda row: row.kind == "direct")
    event = document(world.rng)
    return "submissions.reserveSubmissionTerminal", [
        attempt,
        {"eventKey": world.pick(world.names.event_keys), "event": event},
    ]


def record_offset(world: World) -> Call:
    """The offset of a reserved event, first and again."""
    attempt, key = _reserved(world)
    row = world.db.submissions.get(str(attempt["submissionId"]))
    known = row.terminal_offset if row and row.terminal_offset and world.chance(0.5) else None
    offset = known or world.pick((format_offset(0), format_offset(1), "any text", "é"))
    return "submissions.recordSubmissionTerminalOffset", [attempt, key, offset]


def finalize(world: World) -> Call:
    """The end of a reserved submission."""
    return "submissions.finalizeSubmissionTerminal", list(_reserved(world))


def _reserved(world: World) -> tuple[dict[str, Json], str]:
    attempt = world.attempt("terminalizing")
    row = world.db.submissions.get(str(attempt["submissionId"]))
    key = row.terminal_key if row and row.terminal_key and world.chance(0.85) else None
    return attempt, key or world.pick(world.names.event_keys)


def renew(world: World) -> Call:
    """A renewal of leases, of running submissions of one owner and others."""
    owner_id = world.pick(world.names.owners)
    held = [row.submission_id for row in world.rows("running") if row.owner_id == owner_id]
    others = world.rng.sample(world.names.submissions, world.rng.randrange(3))
    choice = world.rng.random()
    ids = held if choice < 0.4 else others if choice < 0.5 else [*others, *held]
    return "submissions.renewLeases", [owner_id, ids]


def read_one(world: World) -> Call:
    """A read of a submission, of one that is gone too."""
    return "submissions.getSubmission", [world.pick([*world.names.submissions, *world.db.submissions, "unknown"])]


def listing(world: World) -> Call:
    """A listing."""
    name = world.pick(
        (
            "hasUnsettledSubmissions",
            "listRunnableSubmissions",
            "listRunningSubmissions",
            "listExpiredSubmissions",
            "listPendingTerminalOutboxes",
            "listPendingSessionDeletions",
            "listAttemptMarkers",
        )
    )
    return f"submissions.{name}", []


def deletable_session(world: World) -> str:
    """A session key, mostly of a session that has settled work and no other."""
    db, now = world.db, world.db.clock()
    # A second deletion beside one whose marker has not lapsed waits for it, and here nobody would ever end it.
    held = {key for key, marker in db.deletions.items() if marker.lease_expires_at > now}
    settled = [key for key in db.session_submissions if key not in db.session_unsettled and key not in held]
    lapsed = [key for key in db.deletions if key not in held]
    if lapsed and world.chance(0.5):
        return world.pick(lapsed)
    return world.maybe(settled, [key for key in world.names.session_keys if key not in held] or ["no session"], 0.8)


def readmission_of_deleted(world: World) -> Call:
    """An admission under an id of which only a receipt is left."""
    receipts = list(world.db.receipts)
    if not receipts:
        return admission(world)
    return _new_admission(world, submission_id=world.pick(receipts))


def admission_to(world: World, session_key: str) -> Call:
    """An admission to a certain session."""
    op, [given] = _new_admission(world)
    instances = {session_storage_key(name): name for name in world.names.instances}
    return op, [{**given, "id": instances.get(session_key, given["id"])}]

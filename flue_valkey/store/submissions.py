"""The store of submissions, put together from its parts."""

from flue_valkey.store.admission import AdmissionStore
from flue_valkey.store.deletion import DeletionStore
from flue_valkey.store.journal import JournalStore
from flue_valkey.store.leases import LeaseStore
from flue_valkey.store.lifecycle import LifecycleStore
from flue_valkey.store.markers import MarkerStore
from flue_valkey.store.outbox import OutboxStore
from flue_valkey.store.queries import QueryStore
from flue_valkey.store.segments import SegmentStore


class Submissions(
    AdmissionStore,
    QueryStore,
    LifecycleStore,
    OutboxStore,
    JournalStore,
    SegmentStore,
    MarkerStore,
    LeaseStore,
    DeletionStore,
):
    """All 32 operations."""

"""The store of submissions, put together from its parts."""

from flue_memdb.store.admission import AdmissionStore
from flue_memdb.store.deletion import DeletionStore
from flue_memdb.store.journal import JournalStore
from flue_memdb.store.leases import LeaseStore
from flue_memdb.store.lifecycle import LifecycleStore
from flue_memdb.store.markers import MarkerStore
from flue_memdb.store.outbox import OutboxStore
from flue_memdb.store.queries import QueryStore
from flue_memdb.store.segments import SegmentStore


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

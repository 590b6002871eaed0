"""What `flue add database valkey` writes into a project: nothing here prints or asks."""

from flue_valkey.blueprint.plan import Plan, plan_database

__all__ = ["Plan", "plan_database"]

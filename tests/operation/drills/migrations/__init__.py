"""What the next version's migrations might be, as those of an app that has none (MIGRATION_MODULES)."""

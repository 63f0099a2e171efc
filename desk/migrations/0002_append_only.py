"""The log only grows, and notes are not rewritten, whatever the code above it does: the tables themselves refuse it."""

from django.db import migrations

FIXED = ("id", "at", "by_id", "person_id", "action", "thing", "key", "request_id", "undoes_id")
OLD, NEW = (", ".join(f"{row}.{name}" for name in FIXED) for row in ("OLD", "NEW"))

LOG = f"""
CREATE FUNCTION desk_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
            AND (NEW.about, NEW.reason, NEW.effect, NEW.undo) = ('', '', '', '{{}}'::jsonb)
            AND ({NEW}) IS NOT DISTINCT FROM ({OLD})
            AND EXISTS (SELECT FROM accounts_erasure e WHERE e.user_id = OLD.person_id)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit log only grows: no entry is changed or deleted.' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON desk_auditentry
    FOR EACH ROW EXECUTE FUNCTION desk_log_only_grows();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON desk_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION desk_log_only_grows();
"""
NOTES = """
CREATE FUNCTION desk_note_stays_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.at, NEW.by_id, NEW.text) IS DISTINCT FROM (OLD.id, OLD.at, OLD.by_id, OLD.text)
        OR OLD.struck_at IS NOT NULL
            AND (NEW.struck_at, NEW.struck_by_id, NEW.strike_reason)
                IS DISTINCT FROM (OLD.struck_at, OLD.struck_by_id, OLD.strike_reason)
    THEN
        RAISE EXCEPTION 'A note is not rewritten; it can be struck once.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_as_written BEFORE UPDATE ON desk_note
    FOR EACH ROW EXECUTE FUNCTION desk_note_stays_as_written();
"""
BACK = """
DROP TRIGGER only_grows ON desk_auditentry; DROP TRIGGER never_emptied ON desk_auditentry;
DROP FUNCTION desk_log_only_grows();
DROP TRIGGER stays_as_written ON desk_note; DROP FUNCTION desk_note_stays_as_written();
"""


class Migration(migrations.Migration):
    dependencies = [("desk", "0001_audit_log_and_notes"), ("accounts", "0007_profile_and_privacy")]

    operations = [migrations.RunSQL([LOG, NOTES], BACK)]

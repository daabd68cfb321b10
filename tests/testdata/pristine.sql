-- Resets a database between two tests: DELETE and a few rows are much cheaper than a clone. Only the superuser can use it.

CREATE SCHEMA pristine;

-- The rows of the migrated and deployed database, one table for each of public that has any, and its sequences.
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE pristine.%I AS TABLE public.%I', name, name);
        END IF;
    END LOOP;
END $$;
CREATE TABLE pristine.sequences AS
    SELECT format('public.%I', sequencename)::regclass AS name, coalesce(last_value, start_value) AS value, last_value IS NOT NULL AS called
    FROM pg_sequences WHERE schemaname = 'public';

-- A change of the schema by a test leaves a row here: the database is not used again.
CREATE TABLE pristine.altered (command text);
CREATE FUNCTION pristine.note_command() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO pristine.altered VALUES (TG_TAG);
END $$;

-- pristine.reset brings a database back to what it was when it was cloned. It is false where that is impossible.
CREATE FUNCTION pristine.reset() RETURNS boolean LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE
    name text;
BEGIN
    -- What a killed server has begun must not go on afterwards.
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
    IF EXISTS (SELECT FROM pristine.altered)
        OR EXISTS (SELECT FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()) THEN
        RETURN false;
    END IF;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        IF pg_table_size(format('public.%I', name)::regclass) > 1000000 THEN
            EXECUTE format('TRUNCATE public.%I CASCADE', name); -- no plan for many rows, and no scan of dead ones
        ELSE
            EXECUTE format('DELETE FROM public.%I', name);
        END IF;
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'pristine' AND tablename NOT IN ('sequences', 'altered') LOOP
        EXECUTE format('INSERT INTO public.%I TABLE pristine.%I', name, name);
    END LOOP;
    PERFORM setval(s.name, value, called) FROM pristine.sequences s;
    RETURN true;
END $$;

CREATE EVENT TRIGGER schema_changed ON ddl_command_end EXECUTE FUNCTION pristine.note_command();

-- Row level security: the services work as a role that sees one user's rows at a time.
--
-- Each transaction of theirs says whom it works for, with `SET LOCAL`:
--   nutri.user_id   the user who asks
--   nutri.email     the mailbox that somebody registers or logs in with, before there is a user
-- Where neither is said, nothing is seen and nothing can be written, however a query is worded.
--
-- Not marked as safe for older releases: they say neither, so they would find no user.
-- The owner of the tables is under these rules as well (FORCE). Whoever migrates, seeds and backs up
-- must therefore be a superuser or have BYPASSRLS, as Supabase's `postgres` has.

DO $$
BEGIN
    -- Roles are of the whole cluster: another database may have brought it, or bring it right now.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nutri_app') THEN
        BEGIN
            CREATE ROLE "nutri_app" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nutri_app' AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'role nutri_app may pass row level security by'
            USING HINT = 'ALTER ROLE nutri_app NOSUPERUSER NOBYPASSRLS';
    END IF;
END
$$;

GRANT USAGE ON SCHEMA "public" TO "nutri_app";
GRANT SELECT, INSERT, UPDATE ("password_hash") ON "users" TO "nutri_app";
GRANT SELECT, INSERT, UPDATE, DELETE ON "foods", "meals", "meal_items" TO "nutri_app";

ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
ALTER TABLE "foods" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "foods" FORCE ROW LEVEL SECURITY;
ALTER TABLE "meals" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "meals" FORCE ROW LEVEL SECURITY;
ALTER TABLE "meal_items" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "meal_items" FORCE ROW LEVEL SECURITY;

-- A setting that was local to an earlier transaction reads as '' and not as absent: NULLIF.
-- In a subquery it is read once for each statement and not once for each row.

CREATE POLICY "users_own" ON "users" TO "nutri_app"
    USING ("id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid))
    WITH CHECK ("id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid));
CREATE POLICY "users_by_email" ON "users" FOR SELECT TO "nutri_app"
    USING ("email" = (SELECT NULLIF(current_setting('nutri.email', true), '')));
CREATE POLICY "users_register" ON "users" FOR INSERT TO "nutri_app"
    WITH CHECK ("email" = (SELECT NULLIF(current_setting('nutri.email', true), '')));

-- Nobody's food is everybody's to read, and only the owner of the tables writes it.
CREATE POLICY "foods_shared" ON "foods" FOR SELECT TO "nutri_app"
    USING ("owner_id" IS NULL);
CREATE POLICY "foods_own" ON "foods" TO "nutri_app"
    USING ("owner_id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid))
    WITH CHECK ("owner_id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid));

CREATE POLICY "meals_own" ON "meals" TO "nutri_app"
    USING ("user_id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid))
    WITH CHECK ("user_id" = (SELECT NULLIF(current_setting('nutri.user_id', true), '')::uuid));

-- What a policy asks of another table is asked as the one who asks: it sees their rows only.
CREATE POLICY "meal_items_own" ON "meal_items" TO "nutri_app"
    USING (EXISTS (SELECT FROM "meals" WHERE "meals"."id" = "meal_items"."meal_id"))
    WITH CHECK (
        EXISTS (SELECT FROM "meals" WHERE "meals"."id" = "meal_items"."meal_id")
        AND EXISTS (SELECT FROM "foods" WHERE "foods"."id" = "meal_items"."food_id")
    );

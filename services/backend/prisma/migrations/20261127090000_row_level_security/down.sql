-- The role stays: roles are of the whole cluster, and another database may need it.

DROP POLICY "meal_items_own" ON "meal_items";
DROP POLICY "meals_own" ON "meals";
DROP POLICY "foods_own" ON "foods";
DROP POLICY "foods_shared" ON "foods";
DROP POLICY "users_register" ON "users";
DROP POLICY "users_by_email" ON "users";
DROP POLICY "users_own" ON "users";

ALTER TABLE "meal_items" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "meal_items" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "meals" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "meals" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "foods" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "foods" DISABLE ROW LEVEL SECURITY;
ALTER TABLE "users" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "users" DISABLE ROW LEVEL SECURITY;

REVOKE ALL ON "users", "foods", "meals", "meal_items" FROM "nutri_app";
REVOKE USAGE ON SCHEMA "public" FROM "nutri_app";

-- A user can be deleted, also one who ate foods of their own.
-- xtask:rollback-safe
--
-- Foods and meals of a user both go with the user, foods first; an item of a meal holds its food
-- (RESTRICT), so that no food vanishes from under a meal. The meals therefore go before all else.
-- Only the owner of the tables may delete a user: the services have no such right.
--
-- By the name of the schema, because who deletes may look for tables elsewhere.

CREATE FUNCTION "delete_meals_first"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I."meals" WHERE "user_id" = $1', TG_TABLE_SCHEMA) USING OLD."id";
    RETURN OLD;
END
$$;

CREATE TRIGGER "users_delete_meals_first" BEFORE DELETE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "delete_meals_first"();

DROP TRIGGER "users_delete_meals_first" ON "users";
DROP FUNCTION "delete_meals_first"();

-- Everything that this database remembers goes with it.

DROP TABLE "meal_items";
DROP TABLE "meals";
DROP TABLE "foods";
DROP TABLE "users";

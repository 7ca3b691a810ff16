-- The first tables: users, foods, meals and what was in them.
-- Plain statements only: the migration runner gives each file a transaction of its own.

CREATE TABLE "users" (
    "id"            uuid           NOT NULL DEFAULT gen_random_uuid(),
    "email"         text           NOT NULL,
    "password_hash" text           NOT NULL,
    "created_at"    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "users_pkey" PRIMARY KEY ("id"),
    -- One mailbox is one user, however its letters are cased.
    CONSTRAINT "users_email_lower_check" CHECK ("email" = lower("email"))
);

CREATE UNIQUE INDEX "users_email_key" ON "users" ("email");

CREATE TABLE "foods" (
    "id"             uuid           NOT NULL DEFAULT gen_random_uuid(),
    "owner_id"       uuid,
    "name"           text           NOT NULL,
    "source"         text           NOT NULL,
    "kcal"           numeric(8, 2)  NOT NULL,
    "protein_g"      numeric(8, 2)  NOT NULL,
    "carbohydrate_g" numeric(8, 2)  NOT NULL,
    "fat_g"          numeric(8, 2)  NOT NULL,
    "fibre_g"        numeric(8, 2)  NOT NULL,
    "created_at"     timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "foods_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "foods_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "foods_name_check" CHECK (btrim("name") <> ''),
    CONSTRAINT "foods_nutrients_check" CHECK (
        "kcal" >= 0 AND "protein_g" >= 0 AND "carbohydrate_g" >= 0 AND "fat_g" >= 0 AND "fibre_g" >= 0
    )
);

CREATE INDEX "foods_owner_id_idx" ON "foods" ("owner_id");
CREATE INDEX "foods_name_id_idx" ON "foods" ("name", "id");

CREATE TABLE "meals" (
    "id"          uuid           NOT NULL DEFAULT gen_random_uuid(),
    "user_id"     uuid           NOT NULL,
    "eaten_on"    date           NOT NULL,
    "description" text,
    "created_at"  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "meals_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "meals_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);

CREATE INDEX "meals_user_id_eaten_on_created_at_id_idx"
    ON "meals" ("user_id", "eaten_on", "created_at", "id");

CREATE TABLE "meal_items" (
    "meal_id"  uuid          NOT NULL,
    "position" integer       NOT NULL,
    "food_id"  uuid          NOT NULL,
    "grams"    numeric(8, 2) NOT NULL,
    CONSTRAINT "meal_items_pkey" PRIMARY KEY ("meal_id", "position"),
    CONSTRAINT "meal_items_meal_id_fkey" FOREIGN KEY ("meal_id") REFERENCES "meals" ("id") ON DELETE CASCADE,
    CONSTRAINT "meal_items_food_id_fkey" FOREIGN KEY ("food_id") REFERENCES "foods" ("id") ON DELETE RESTRICT,
    CONSTRAINT "meal_items_position_check" CHECK ("position" >= 0),
    CONSTRAINT "meal_items_grams_check" CHECK ("grams" > 0)
);

CREATE INDEX "meal_items_food_id_idx" ON "meal_items" ("food_id");

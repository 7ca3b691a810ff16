//! Schemas that a provider of databases makes and looks after itself.

/// What Supabase's own command line takes for internal (`InternalSchemas` of `pkg/migration/dump.go`
/// in `supabase/cli`), without those that Postgres itself has. They are Supabase's only where its role
/// is: elsewhere a schema `auth` is somebody's own.
pub const SUPABASE: [&str; 24] = [
    "_analytics",
    "_realtime",
    "_supavisor",
    "auth",
    "cron",
    "dbdev",
    "etl",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgmq",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "realtime",
    "repack",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "tiger",
    "tiger_data",
    "vault",
];

/// The role that is there wherever Supabase runs a database.
pub const SUPABASE_ROLE: &str = "supabase_admin";

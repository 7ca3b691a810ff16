//! What an environment on plain Docker runs beside the services.

use crate::deploy::read_image;
use crate::reader::Table;
use crate::ship::backing::Role;

/// What the local environment runs beside the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backing {
    /// The database; its port is for loopback only.
    pub postgres: BackingPart,
    pub redis: BackingPart,
    /// The registry that `registry` of the environment names.
    pub registry: BackingPart,
    /// The reverse proxy.
    pub proxy: BackingPart,
}

/// One container of the backing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingPart {
    /// The file that defines its image.
    pub image: String,
    /// Its port on the loopback address of this machine.
    pub port: u16,
}

pub(super) fn read(table: &Table<'_>) -> Option<Backing> {
    let part = |role: Role| table.table(role.name()).map(|it| read_part(&it));
    let postgres = part(Role::Postgres);
    let redis = part(Role::Redis);
    let registry = part(Role::Registry);
    let proxy = part(Role::Proxy);
    table.refuse_unknown();
    Some(Backing { postgres: postgres??, redis: redis??, registry: registry??, proxy: proxy?? })
}

fn read_part(table: &Table<'_>) -> Option<BackingPart> {
    let image = read_image(table);
    let port = table.port("port");
    table.refuse_unknown();
    Some(BackingPart { image: image?, port: port? })
}

//! Whether a part answers: asked in its own language, not by looking at its process.

use super::super::site::Site;
use crate::edge::clock;
use crate::edge::shell::last_lines;
use crate::error::{Context as _, Failure, Result};
use crate::report::Phase;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use xtask_core::backing::Part;

const LIMIT: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Waits until `part` answers; what it wrote is in the error.
pub(super) fn wait(site: &Site<'_>, part: &Part, phase: &Phase<'_>) -> Result<()> {
    phase.doing(&format!("waiting for {}", part.name));
    clock::wait_for(LIMIT, EVERY, || ask(site, part)).map_err(|failure| {
        let logs = site.docker().logs(&part.container(site.project()), 10).unwrap_or_default();
        failure
            .during(format!("failed to start {}: it does not answer after a minute", part.name))
            .reason(format!("it wrote last:\n{}", last_lines(&logs, 10)))
    })
}

fn ask(site: &Site<'_>, part: &Part) -> Result<()> {
    match part.name {
        "postgres" => site.database().with_database("postgres").connect()?.ping(),
        "redis" => ping_redis(site.backing.redis.port),
        "registry" => site.registry().ping().or_outside(|| "failed to ask the registry".to_owned()),
        _ => site.proxy().config().map(drop),
    }
}

fn ping_redis(port: u16) -> Result<()> {
    let ask = || -> std::io::Result<[u8; 5]> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_LIMIT)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    match ask().or_outside(|| "failed to ask Redis".to_owned())? {
        answer if answer == *b"+PONG" => Ok(()),
        other => {
            Err(Failure::outside(format!("Redis answered {:?}", String::from_utf8_lossy(&other))))
        }
    }
}

/// Makes the project's database in the cluster, once.
pub(super) fn ensure_database(site: &Site<'_>) -> Result<()> {
    let mut cluster = site.database().with_database("postgres").connect()?;
    cluster.ensure_database(site.project())
}

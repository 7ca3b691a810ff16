//! Redis, asked whether it answers.

use crate::error::{Context as _, Failure, Result};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Asks the Redis on `port` of the loopback address for a sign of life.
pub fn ping(port: u16) -> Result<()> {
    let ask = || -> std::io::Result<[u8; 5]> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_LIMIT)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().or_outside(|| "failed to ask Redis".to_owned())?;
    if answer == *b"+PONG" {
        return Ok(());
    }
    Err(Failure::outside(format!("Redis answered {:?}", String::from_utf8_lossy(&answer))))
}

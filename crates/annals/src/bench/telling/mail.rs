//! A mail server that takes everything on and keeps nothing but to whom it was sent (RFC 5321).

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::arrivals::Arrivals;

/// Answers mail clients until the runtime ends.
pub(super) async fn serve(listener: TcpListener, arrivals: Arc<Arrivals>) {
    while let Ok((stream, _)) = listener.accept().await {
        let arrivals = Arc::clone(&arrivals);
        // Who breaks off sends again, so there is nothing to be told of.
        tokio::spawn(async move { converse(stream, &arrivals).await.ok() });
    }
}

async fn converse(stream: TcpStream, arrivals: &Arrivals) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 receiver ready\r\n").await?;
    let (mut to, mut in_letter) = (Vec::new(), false);
    while let Some(line) = lines.next_line().await? {
        if in_letter {
            if line == "." {
                in_letter = false;
                to.drain(..).for_each(|address| arrivals.add(address));
                write.write_all(b"250 taken on\r\n").await?;
            }
            continue;
        }
        let answer =
            match line.split(['\u{20}', ':']).next().map(str::to_ascii_uppercase).as_deref() {
                Some("EHLO") => "250-receiver\r\n250 8BITMIME\r\n",
                Some("RCPT") => {
                    to.extend(address_of(&line).map(str::to_owned));
                    "250 known\r\n"
                }
                Some("DATA") => {
                    in_letter = true;
                    "354 go on\r\n"
                }
                Some("RSET") => {
                    to.clear();
                    "250 forgotten\r\n"
                }
                Some("QUIT") => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "250 well\r\n",
            };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// What stands between the angle brackets.
fn address_of(line: &str) -> Option<&str> {
    Some(line.split_once('<')?.1.split_once('>')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_in_angle_brackets() {
        assert_eq!(address_of("RCPT TO:<a@example.org> X=1"), Some("a@example.org"));
        assert_eq!(address_of("RCPT TO:a@example.org"), None);
    }
}

//! As much of HTTP as the page needs: one request a connection, everything bounded before it is kept.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cli::STACK;

/// Connections at a time; browsers keep some that they may need.
const MOST: usize = 64;
/// Bytes of a request's head, and its fields.
const MAX_HEAD: usize = 16 << 10;
const MAX_FIELDS: usize = 64;
/// What a client is given to send its head, and its body.
const HEAD_TIME: Duration = Duration::from_secs(20);
const BODY_TIME: Duration = Duration::from_secs(120);
/// What it is given to go on sending what is no longer read, so that it sees the answer.
const LAST_TIME: Duration = Duration::from_secs(2);

/// The page asks for nothing but what is here, and runs nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Why a request is not one: the code of the answer, and the reason.
pub struct Fault(pub u16, pub &'static str);

/// What is sent back.
pub struct Sent {
    pub code: u16,
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// A request of which the body is not read as yet.
pub struct Request<'a> {
    pub method: String,
    pub path: String,
    fields: Vec<(String, String)>,
    /// What was read beyond the head.
    rest: Vec<u8>,
    stream: &'a mut TcpStream,
}

/// Answers connections, each in a thread of its own, from now on.
pub fn listen(
    listener: TcpListener,
    answer: impl Fn(std::result::Result<Request, Fault>) -> Sent + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    let count = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else {
                // Too many open files, say: that passes.
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let before = count.fetch_add(1, Ordering::SeqCst);
            let (answer, own) = (answer.clone(), Leaving(count.clone()));
            if before >= 2 * MOST {
                // What fits into the buffers of a new connection keeps nobody waiting.
                let _ = stream.set_nonblocking(true);
                let _ = write(&mut stream, &busy());
                continue;
            }
            let work = move || {
                let _own = own;
                // A client that has gone away is not told.
                let _ = match before < MOST {
                    true => converse(&mut stream, &*answer),
                    false => tell(&mut stream, &busy()),
                };
            };
            let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
            drop(thread);
        }
    });
}

/// What is said to those for whom there is no place.
fn busy() -> Sent {
    let body = serde_json::json!({
        "error": "busy",
        "message": format!("{MOST} other connections are being answered: try again when some have ended"),
    });
    Sent {
        code: 503,
        kind: "application/json",
        bytes: body.to_string().into_bytes(),
    }
}

/// Counts a connection off, however it ends.
struct Leaving(Arc<AtomicUsize>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn converse(
    stream: &mut TcpStream,
    answer: &impl Fn(std::result::Result<Request, Fault>) -> Sent,
) -> Result<()> {
    let Some(request) = Request::read(stream)? else {
        return Ok(());
    };
    let sent = answer(request);
    tell(stream, &sent)
}

/// Sends an answer, and waits a little until it is read.
fn tell(stream: &mut TcpStream, sent: &Sent) -> Result<()> {
    stream.set_write_timeout(Some(BODY_TIME))?;
    write(stream, sent)?;
    stream.shutdown(Shutdown::Write)?;
    let (end, mut page) = (Instant::now() + LAST_TIME, [0; 1 << 14]);
    while read_until(stream, &mut page, end)? > 0 {}
    Ok(())
}

fn write(stream: &mut TcpStream, sent: &Sent) -> Result<()> {
    let head = format!(
        "HTTP/1.1 {} -\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nContent-Security-Policy: {POLICY}\r\n\
         Cache-Control: no-store\r\nCross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\r\n",
        sent.code,
        sent.kind,
        sent.bytes.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&sent.bytes)
}

/// Reads what is there, at the latest until a moment.
fn read_until(stream: &mut TcpStream, into: &mut [u8], end: Instant) -> Result<usize> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Error::from(ErrorKind::TimedOut));
    }
    stream.set_read_timeout(Some(left))?;
    stream.read(into)
}

impl<'a> Request<'a> {
    /// Reads a head; `None` from a client that sent nothing.
    fn read(stream: &'a mut TcpStream) -> Result<Option<std::result::Result<Self, Fault>>> {
        let (mut bytes, mut page) = (Vec::new(), [0; 4096]);
        let end = Instant::now() + HEAD_TIME;
        loop {
            let count = read_until(stream, &mut page, end)?;
            bytes.extend_from_slice(&page[..count]);
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            let mut head = httparse::Request::new(&mut fields);
            let parsed = head.parse(&bytes);
            let length = match parsed {
                Ok(httparse::Status::Complete(length)) => length,
                Ok(httparse::Status::Partial) if bytes.is_empty() => return Ok(None),
                Ok(httparse::Status::Partial) if count > 0 && bytes.len() < MAX_HEAD => continue,
                Ok(httparse::Status::Partial) => {
                    return Ok(Some(Err(Fault(
                        431,
                        "the head of the request does not end",
                    ))));
                }
                Err(_) => return Ok(Some(Err(Fault(400, "this is no request of HTTP")))),
            };
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let fields = head.headers.iter();
            let fields = fields
                .map(|field| (field.name.to_owned(), text(field.value)))
                .collect();
            let (method, path) = (head.method.unwrap_or(""), head.path.unwrap_or(""));
            let (method, path) = (method.to_owned(), path.to_owned());
            return Ok(Some(Ok(Request {
                method,
                path,
                fields,
                rest: bytes.split_off(length),
                stream,
            })));
        }
    }

    /// All values of a field.
    pub fn fields(&self, name: &str) -> Vec<&str> {
        let own = self.fields.iter();
        let own = own.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        own.map(|(_, value)| value.as_str()).collect()
    }

    /// Has the client closed its side? What it sends beyond its request is not kept.
    pub fn is_gone(&mut self) -> bool {
        let mut page = [0; 1 << 12];
        let read = self.stream.set_nonblocking(true);
        let read = read.and_then(|()| self.stream.read(&mut page));
        let again = self.stream.set_nonblocking(false);
        match read {
            Ok(count) => count == 0 || again.is_err(),
            Err(fault) => !matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    /// The body, which has to state its length.
    pub fn body(&mut self, limit: u64) -> std::result::Result<Vec<u8>, Fault> {
        let length = match self.fields("Content-Length").as_slice() {
            [length] if self.fields("Transfer-Encoding").is_empty() => length.parse::<u64>(),
            _ => return Err(Fault(411, "the body has to state its length")),
        };
        let length = length.map_err(|_| Fault(400, "the length of the body is no number"))?;
        if length > limit {
            return Err(Fault(413, "more bytes than are read"));
        }
        let mut body = std::mem::take(&mut self.rest);
        let end = Instant::now() + BODY_TIME;
        let mut page = vec![0; 1 << 16];
        while (body.len() as u64) < length {
            match read_until(self.stream, &mut page, end) {
                Ok(0) => return Err(Fault(400, "the body is shorter than its length")),
                Ok(count) => body.extend_from_slice(&page[..count]),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Fault(408, "the body did not come")),
            }
        }
        body.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(body)
    }
}

//! The server: who is answered, how much is read, what is sent.

use std::io::{Cursor, Read};
use std::net::Ipv4Addr;
use std::sync::Arc;

use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response};

use super::Start;
use super::answers::{self, Refused};
use crate::cli::{Failure, STACK, guard};

/// Requests answered at a time: one that computes keeps none of the page's own files waiting.
const WORKERS: usize = 4;
/// Bytes of a network, and of a model that is dropped.
const MAX_NETWORK: u64 = 1 << 20;
const MAX_DROPPED: u64 = 256 << 20;

/// The page asks for nothing but what is here, and runs nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub struct Server {
    http: Arc<tiny_http::Server>,
    shared: Arc<Shared>,
}

struct Shared {
    port: u16,
    token: String,
    start: Start,
}

impl Server {
    /// Listens on 127.0.0.1 and nowhere else.
    pub fn bind(port: u16, start: Start) -> Result<Self, Failure> {
        let failed = |what: &str, fault: &dyn std::fmt::Display| {
            Failure::Incomplete(format!("127.0.0.1:{port}: {what}: {fault}"))
        };
        let mut secret = [0; 16];
        SysRng
            .try_fill_bytes(&mut secret)
            .map_err(|fault| failed("no random numbers", &fault))?;
        let http = tiny_http::Server::http((Ipv4Addr::LOCALHOST, port));
        let http = http.map_err(|fault| failed("cannot listen", &fault))?;
        let bound = http.server_addr().to_ip();
        Ok(Server {
            shared: Arc::new(Shared {
                port: bound.map_or(port, |address| address.port()),
                token: secret.iter().map(|byte| format!("{byte:02x}")).collect(),
                start,
            }),
            http: Arc::new(http),
        })
    }

    /// The address of the page; who does not know it is not answered.
    pub fn address(&self) -> String {
        let Shared { port, token, .. } = &*self.shared;
        format!("http://127.0.0.1:{port}/{token}/")
    }

    /// Answers until the wait is over. Requests that are being computed then are left.
    pub fn run_until(self, wait: impl FnOnce()) {
        for _ in 0..WORKERS {
            let (http, shared) = (self.http.clone(), self.shared.clone());
            let work = move || {
                while let Ok(request) = http.recv() {
                    answer(request, &shared);
                }
            };
            let worker = std::thread::Builder::new().stack_size(STACK).spawn(work);
            drop(worker);
        }
        wait();
    }
}

/// What is sent back.
struct Sent {
    code: u16,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Sent {
    fn json(code: u16, value: &Value) -> Self {
        Sent {
            code,
            kind: "application/json",
            bytes: value.to_string().into_bytes(),
        }
    }

    fn error(code: u16, kind: &str, message: &str) -> Self {
        Sent::json(code, &json!({"error": kind, "message": message}))
    }
}

fn answer(mut request: Request, shared: &Shared) {
    let sent = respond(&mut request, shared);
    let fields = [
        ("Content-Type", sent.kind),
        ("Content-Security-Policy", POLICY),
        ("Cache-Control", "no-store"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    let headers = fields
        .into_iter()
        .filter_map(|(field, value)| Header::from_bytes(field, value).ok());
    let length = sent.bytes.len();
    let response = Response::new(
        sent.code.into(),
        headers.collect(),
        Cursor::new(sent.bytes),
        Some(length),
        None,
    );
    // A browser that has gone away is not told.
    let _ = request.respond(response);
}

fn respond(request: &mut Request, shared: &Shared) -> Sent {
    if let Err(reason) = shared.admits(request) {
        return Sent::error(403, "forbidden", reason);
    }
    let path = request
        .url()
        .get(shared.token.len() + 2..)
        .unwrap_or("")
        .to_owned();
    match request.method() {
        Method::Get => get(&path, shared),
        Method::Post => post(&path, request, shared),
        _ => Sent::error(405, "bad_request", "only GET and POST are answered"),
    }
}

impl Shared {
    /// Is this request from our own page? Other pages, to which a name was given that leads here, do not know the token, and name another host.
    fn admits(&self, request: &Request) -> Result<(), &'static str> {
        let own = [
            format!("127.0.0.1:{}", self.port),
            format!("localhost:{}", self.port),
        ];
        let named = |field: &'static str| {
            let found = request
                .headers()
                .iter()
                .filter(move |header| header.field.equiv(field));
            found
                .map(|header| header.value.as_str())
                .collect::<Vec<_>>()
        };
        match named("Host").as_slice() {
            [host] if own.iter().any(|own| own == host) => {}
            _ => return Err("the host is not this server"),
        }
        let is_own = |origin: &&str| {
            own.iter()
                .any(|own| origin.strip_prefix("http://") == Some(own))
        };
        if !named("Origin").iter().all(is_own) {
            return Err("the request comes from another page");
        }
        let given = request
            .url()
            .strip_prefix('/')
            .and_then(|rest| rest.split_once('/'));
        match given {
            Some((token, _)) if is_same(token, &self.token) => Ok(()),
            _ => Err("the address lacks its token"),
        }
    }
}

/// Compares in a time that does not tell how much is right.
fn is_same(given: &str, own: &str) -> bool {
    let differences = given
        .bytes()
        .zip(own.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == own.len() && differences == 0
}

fn get(path: &str, shared: &Shared) -> Sent {
    let (kind, text) = match path {
        "" => ("text/html; charset=utf-8", include_str!("page/index.html")),
        "page.css" => ("text/css; charset=utf-8", include_str!("page/page.css")),
        "page.js" => (SCRIPT, include_str!("page/page.js")),
        "network.js" => (SCRIPT, include_str!("page/network.js")),
        "charts.js" => (SCRIPT, include_str!("page/charts.js")),
        "start" => return guarded(|| answers::start(&shared.start)),
        _ => return Sent::error(404, "not_found", "there is no such page"),
    };
    Sent {
        code: 200,
        kind,
        bytes: text.as_bytes().to_vec(),
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn post(path: &str, request: &mut Request, shared: &Shared) -> Sent {
    let limit = match path {
        "drop" => MAX_DROPPED,
        _ => MAX_NETWORK,
    };
    let field = |name: &'static str| {
        let found = request
            .headers()
            .iter()
            .find(|header| header.field.equiv(name));
        found.map(|header| header.value.to_string())
    };
    let (regularizer, activation) = (field("Regularizer"), field("Activation"));
    let body = match body(request, limit) {
        Ok(body) => body,
        Err(sent) => return sent,
    };
    guarded(|| match path {
        "drop" => answers::dropped(body, regularizer.as_deref(), activation.as_deref()),
        "state" => answers::state(&body),
        "step" => answers::step(&body),
        "orders" => answers::orders(&body),
        "optimum" => answers::optimum(&body),
        "start" => answers::start_under(&shared.start, &body),
        _ => Err(Refused::NotFound),
    })
}

fn body(request: &mut Request, limit: u64) -> Result<Vec<u8>, Sent> {
    let too_large = || Sent::error(413, "too_large", &format!("at most {limit} bytes are read"));
    if request
        .body_length()
        .is_some_and(|length| length as u64 > limit)
    {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let read = request.as_reader().take(limit + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() as u64 > limit => Err(too_large()),
        Ok(_) => Ok(bytes),
        Err(fault) => Err(Sent::error(
            400,
            "bad_request",
            &format!("the body: {fault}"),
        )),
    }
}

/// The answer of some work, or what was wrong; a panic is a defect, and ends no more than this request.
fn guarded(work: impl FnOnce() -> Result<Value, Refused>) -> Sent {
    let outcome = guard::guarded(|| Ok(work()));
    match outcome {
        Ok(Ok(value)) => Sent::json(200, &value),
        Ok(Err(Refused::BadInput(message))) => Sent::error(400, "bad_input", &message),
        Ok(Err(Refused::Undecided(message))) => Sent::error(422, "undecided", &message),
        Ok(Err(Refused::NotFound)) => Sent::error(404, "not_found", "there is no such page"),
        Err(Failure::Incomplete(message)) => Sent::error(500, "defect", &message),
        Err(Failure::Input(fault)) => Sent::error(400, "bad_input", &fault.0),
    }
}

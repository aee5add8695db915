//! The server: who is answered, and with what.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::{Value, json};

use super::Start;
use super::answers::{self, Refused};
use super::apart::{self, Question};
use super::http::{self, Fault, Request, Sent};
use crate::cli::{Failure, guard};

/// Bytes of a network, and of a model that is dropped.
const MAX_NETWORK: u64 = 256 << 10;
const MAX_DROPPED: u64 = 256 << 20;

pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    port: u16,
    token: String,
    /// What a question of the page may take, but for what the program was started with.
    limit: Duration,
}

impl Server {
    /// Listens on 127.0.0.1 and nowhere else.
    pub fn bind(port: u16, limit: Duration) -> Result<Self, Failure> {
        let failed = |what: &str, fault: &dyn std::fmt::Display| {
            Failure::Incomplete(format!("127.0.0.1:{port}: {what}: {fault}"))
        };
        let mut secret = [0; 16];
        SysRng
            .try_fill_bytes(&mut secret)
            .map_err(|fault| failed("no random numbers", &fault))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = listener.map_err(|fault| failed("cannot listen", &fault))?;
        let bound = listener.local_addr();
        let bound = bound.map_err(|fault| failed("cannot listen", &fault))?;
        Ok(Server {
            listener,
            shared: Arc::new(Shared {
                port: bound.port(),
                token: secret.iter().map(|byte| format!("{byte:02x}")).collect(),
                limit,
            }),
        })
    }

    /// The address of the page; who does not know it is not answered.
    pub fn address(&self) -> String {
        let Shared { port, token, .. } = &*self.shared;
        format!("http://127.0.0.1:{port}/{token}/")
    }

    /// Answers until the wait is over. What is being computed then ends with this process.
    pub fn run_until(self, wait: impl FnOnce()) {
        let shared = self.shared;
        http::listen(self.listener, move |request| respond(request, &shared));
        wait();
    }
}

pub fn error(code: u16, kind: &str, message: &str) -> Sent {
    told(code, &json!({"error": kind, "message": message}))
}

fn told(code: u16, value: &Value) -> Sent {
    Sent {
        code,
        kind: "application/json",
        bytes: value.to_string().into_bytes(),
    }
}

/// The answer to a request, or to what is none.
fn respond(request: Result<Request, Fault>, shared: &Shared) -> Sent {
    let mut request = match request {
        Ok(request) => request,
        Err(Fault(code, reason)) => return error(code, "bad_request", reason),
    };
    if let Err(reason) = shared.admits(&request) {
        return error(403, "forbidden", reason);
    }
    let own = shared.token.len() + 2;
    let path = request.path.get(own..).unwrap_or("").to_owned();
    match request.method.as_str() {
        "GET" => get(&path, &mut request),
        "POST" => post(path, &mut request, shared.limit),
        _ => error(405, "bad_request", "only GET and POST are answered"),
    }
}

impl Shared {
    /// Is this request from our own page? Other pages, to which a name was given that leads here, do not know the
    /// token, and name another host.
    fn admits(&self, request: &Request) -> Result<(), &'static str> {
        let own = [
            format!("127.0.0.1:{}", self.port),
            format!("localhost:{}", self.port),
        ];
        match request.fields("Host").as_slice() {
            [host] if own.iter().any(|own| own == host) => {}
            _ => return Err("the host is not this server"),
        }
        let is_own = |origin: &&str| {
            own.iter()
                .any(|own| origin.strip_prefix("http://") == Some(own))
        };
        if !request.fields("Origin").iter().all(is_own) {
            return Err("the request comes from another page");
        }
        let given = request.path.strip_prefix('/');
        let given = given.and_then(|rest| rest.split_once('/'));
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

fn get(path: &str, request: &mut Request) -> Sent {
    let (kind, text) = match path {
        "" => ("text/html; charset=utf-8", include_str!("page/index.html")),
        "page.css" => ("text/css; charset=utf-8", include_str!("page/page.css")),
        "page.js" => (SCRIPT, include_str!("page/page.js")),
        "network.js" => (SCRIPT, include_str!("page/network.js")),
        "charts.js" => (SCRIPT, include_str!("page/charts.js")),
        "start" => {
            let question = Question {
                path: path.to_owned(),
                ..Question::default()
            };
            return apart::answer(request, &question, b"", None);
        }
        _ => return error(404, "not_found", "there is no such page"),
    };
    Sent {
        code: 200,
        kind,
        bytes: text.as_bytes().to_vec(),
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn post(path: String, request: &mut Request, limit: Duration) -> Sent {
    let bytes = match path.as_str() {
        "drop" => MAX_DROPPED,
        _ => MAX_NETWORK,
    };
    let [regularizer, activation] = ["Regularizer", "Activation"].map(|name| {
        let fields = request.fields(name);
        fields.first().map(|text| (*text).to_owned())
    });
    let body = match request.body(bytes) {
        Ok(body) => body,
        Err(Fault(code, reason)) => return error(code, "bad_request", reason),
    };
    // A model of any size may have been named.
    let limit = Some(limit).filter(|_| path != "start");
    let question = Question {
        path,
        is_post: true,
        regularizer,
        activation,
        length: body.len(),
    };
    apart::answer(request, &question, &body, limit)
}

/// The answer to a question, or what was wrong; a panic is a defect, and is told as one.
pub fn reply(question: &Question, body: Vec<u8>, start: &Start) -> Sent {
    let [regularizer, activation] = [&question.regularizer, &question.activation];
    let work = || match (question.path.as_str(), question.is_post) {
        ("start", false) => answers::start(start),
        ("start", true) => answers::start_under(start, &body),
        ("drop", true) => answers::dropped(body, regularizer.as_deref(), activation.as_deref()),
        ("state", true) => answers::state(&body),
        ("step", true) => answers::step(&body),
        ("orders", true) => answers::orders(&body),
        ("optimum", true) => answers::optimum(&body),
        _ => Err(Refused::NotFound),
    };
    match guard::guarded(|| Ok(work())) {
        Ok(Ok(value)) => told(200, &value),
        Ok(Err(Refused::BadInput(message))) => error(400, "bad_input", &message),
        Ok(Err(Refused::Undecided(message))) => error(422, "undecided", &message),
        Ok(Err(Refused::NotFound)) => error(404, "not_found", "there is no such page"),
        Err(Failure::Incomplete(message)) => error(500, "defect", &message),
        Err(Failure::Input(fault)) => error(400, "bad_input", &fault.0),
    }
}

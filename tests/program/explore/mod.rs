//! The interactive page over HTTP: who is answered, what is computed, what is refused.

mod bounds;
mod computing;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Desk, chain, run};

/// A page that is served, until it is dropped.
struct Served {
    program: Child,
    port: u16,
    token: String,
}

/// Code, headers and body of an answer.
struct Answer {
    code: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{fault} in {text}"))
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or("").to_owned()
    }
}

impl Served {
    fn new(arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_synbal"))
            .arg("explore")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(program.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let rest = line.trim().strip_prefix("http://127.0.0.1:").unwrap();
        let (port, token) = rest.split_once('/').unwrap();
        let token = token.trim_end_matches('/').to_owned();
        let port = port.parse().unwrap();
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Served {
            program,
            port,
            token,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).unwrap();
        stream
    }

    /// Sends bytes as they are.
    fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that has refused need not read on.
        let _ = stream.write_all(body);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer to {head}"));
        let headers = String::from_utf8(all[..end].to_vec()).unwrap();
        Answer {
            code: headers.split(' ').nth(1).unwrap().parse().unwrap(),
            headers,
            body: all[end + 4..].to_vec(),
        }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let head = format!(
            "{method} /{}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            self.token,
            self.port,
            body.len()
        );
        self.raw(&head, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"")
    }

    fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("POST", path, "", body.as_ref())
    }

    /// A question about a network.
    fn about(&self, path: &str, network: &str, more: Value) -> Answer {
        let network: Value = serde_json::from_str(network).unwrap();
        let mut question = json!({"network": network, "regularizer": "l2"});
        let fields = question.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.post(path, question.to_string())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Checks: an interrupt ends the program with exit code 0, with `--json` it prints one document; and it listens
/// on 127.0.0.1 only.
#[test]
#[cfg(target_os = "linux")]
fn it_listens_here_and_ends_when_it_is_interrupted() {
    let mut served = Served::new(&[]);
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let sockets: String = tables.into_iter().flatten().collect();
    let own = format!(":{:04X} ", served.port);
    // State 0A is a socket that listens.
    let listening: Vec<&str> = sockets
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(_, rest)| rest.contains(&own) && rest.contains(" 0A "))
        .map(|(_, rest)| rest.split(' ').next().unwrap())
        .collect();
    assert_eq!(listening, [format!("0100007F:{:04X}", served.port)]);
    assert_eq!(served.get("").code, 200);
    let interrupt = |program: &Child| {
        let id = program.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.unwrap().success());
    };
    interrupt(&served.program);
    assert_eq!(served.program.wait().unwrap().code(), Some(0));

    let mut program = Command::new(env!("CARGO_BIN_EXE_synbal"))
        .args(["explore", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(program.stdout.take().unwrap());
    let (mut first, mut rest) = (String::new(), String::new());
    while !first.ends_with("}\n") {
        assert!(stdout.read_line(&mut first).unwrap() > 0);
    }
    interrupt(&program);
    assert_eq!(program.wait().unwrap().code(), Some(0));
    stdout.read_to_string(&mut rest).unwrap();
    let document: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(
        (&document["status"], rest.as_str()),
        (&json!("serving"), "")
    );
}

/// Checks: without the token, with another, under another host or from another page nothing is answered but 403; and
/// the page's own files are sent under a policy that lets nothing else in.
#[test]
fn only_the_own_page_is_answered() {
    let served = Served::new(&[]);
    let (port, token) = (served.port, &served.token);
    let own = format!("127.0.0.1:{port}");
    let other = "0".repeat(32);
    let short = &token[..31];
    let refused = [
        (String::new(), format!("Host: {own}\r\n")),
        ("start".to_owned(), format!("Host: {own}\r\n")),
        (format!("{other}/start"), format!("Host: {own}\r\n")),
        (format!("{short}/start"), format!("Host: {own}\r\n")),
        (format!("{token}x/start"), format!("Host: {own}\r\n")),
        (token.clone(), format!("Host: {own}\r\n")),
        (format!("?{token}/start"), format!("Host: {own}\r\n")),
        // A name that leads here, as another page could be given.
        (
            format!("{token}/start"),
            format!("Host: example.org:{port}\r\n"),
        ),
        (format!("{token}/start"), "Host: 127.0.0.1\r\n".to_owned()),
        (
            format!("{token}/start"),
            format!("Host: {own}\r\nHost: example.org\r\n"),
        ),
        (format!("{token}/start"), String::new()),
        (
            format!("{token}/start"),
            format!("Host: {own}\r\nOrigin: http://example.org\r\n"),
        ),
        (
            format!("{token}/start"),
            format!("Host: {own}\r\nOrigin: null\r\n"),
        ),
        (
            format!("{token}/start"),
            format!("Host: {own}\r\nOrigin: https://{own}\r\n"),
        ),
    ];
    for (path, headers) in refused {
        let head = format!("GET /{path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let answer = served.raw(&head, b"");
        assert_eq!(answer.code, 403, "{head}");
        assert_eq!(answer.json()["error"], "forbidden");
        assert!(!String::from_utf8_lossy(&answer.body).contains(token.as_str()));
    }
    for host in [own.clone(), format!("localhost:{port}")] {
        let head = format!(
            "GET /{token}/start HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(served.raw(&head, b"").code, 200);
    }
    for (path, kind) in [
        ("", "text/html"),
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("network.js", "text/javascript"),
        ("charts.js", "text/javascript"),
    ] {
        let answer = served.get(path);
        assert_eq!(answer.code, 200, "{path}");
        assert!(answer.headers.contains(&format!("Content-Type: {kind}")));
        assert!(
            answer.headers.contains("default-src 'none'") && answer.headers.contains("no-store")
        );
        let text = String::from_utf8(answer.body).unwrap();
        let addresses = text.matches("://").count();
        assert_eq!(
            addresses,
            text.matches("http://www.w3.org/2000/svg").count(),
            "{path}"
        );
    }
    for path in [
        "../start",
        "etc/passwd",
        "%2e%2e/start",
        "first.json",
        "start/x",
    ] {
        assert_eq!(served.get(path).code, 404, "{path}");
    }
    assert_eq!(served.ask("PUT", "start", "", b"").code, 405);
    assert_eq!(served.ask("DELETE", "", "", b"").code, 405);
}

/// Checks: bad questions are errors with their place, none is a defect, and the page is served after all of them.
#[test]
fn bad_questions_are_errors_with_their_place() {
    let served = Served::new(&[]);
    let network = chain(&["4", "1"]);
    let zero = network.replace("\"4\"", "\"1/0\"");
    let large = chain(&vec!["1"; 200]);
    let wrong = [
        ("step", &network, json!({}), "unit"),
        ("step", &network, json!({"unit": "none"}), "`none`"),
        ("step", &network, json!({"unit": "x"}), "cannot be scaled"),
        (
            "step",
            &network,
            json!({"unit": "h1", "more": 1}),
            "unknown field `more`",
        ),
        ("state", &zero, json!({}), "synapses[0].weight"),
        ("state", &large, json!({}), "at most 100"),
        (
            "state",
            &network,
            json!({"regularizer": "l0"}),
            "`l0` is not a regularizer",
        ),
        (
            "state",
            &network,
            json!({"regularizer": "lp:1e99"}),
            "in the regularizer",
        ),
        (
            "state",
            &network,
            json!({"multipliers": ["1", "1"]}),
            "multipliers",
        ),
        (
            "state",
            &network,
            json!({"multipliers": ["-1"]}),
            "multipliers",
        ),
        (
            "state",
            &network,
            json!({"multipliers": ["a"]}),
            "multipliers[0]",
        ),
        (
            "state",
            &network,
            json!({"multipliers": ["1e999999999"]}),
            "multipliers[0]",
        ),
        ("orders", &network, json!({"orders": 1_000_000}), "orders"),
        ("orders", &network, json!({"orders": 0}), "orders"),
    ];
    for (path, network, more, place) in wrong {
        let answer = served.about(path, network, more.clone());
        assert_eq!(answer.code, 400, "{path} {more}");
        assert_eq!(answer.json()["error"], "bad_input");
        assert!(
            answer.message().contains(place),
            "{path} {more}: {}",
            answer.message()
        );
    }
    // Bytes of all kinds, from a fixed seed.
    let mut state = 7u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let question = json!({"network": serde_json::from_str::<Value>(&network).unwrap(), "regularizer": "l2", "unit": "h1"});
    let question = question.to_string().into_bytes();
    for _ in 0..if crate::in_full() { 120 } else { 30 } {
        let path = ["drop", "state", "step", "orders", "optimum", "start"][next() % 6];
        let mut body = question.clone();
        for _ in 0..1 + next() % 4 {
            let at = next() % body.len();
            match next() % 3 {
                0 => body[at] = next() as u8,
                1 => body.truncate(at.max(1)),
                _ => body.insert(at, b"0123456789-e.\"[]{}"[next() % 18]),
            }
        }
        let answer = served.post(path, &body);
        let text = String::from_utf8_lossy(&body);
        assert!(
            [200, 400, 422].contains(&answer.code),
            "{} to {path} of {text}",
            answer.code
        );
        assert!(answer.json().is_object());
    }
    assert_eq!(served.get("").code, 200);
}

/// Checks: a body that is too long, or does not state its length, is refused before it is read; so are heads that are
/// none or do not end; and the page is served all the while.
#[test]
fn bodies_are_bounded() {
    let mut served = Served::new(&[]);
    let (port, token) = (served.port, &served.token);
    let start =
        format!("POST /{token}/state HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    let mut stream = served.connect();
    stream
        .write_all(format!("{start}Content-Length: 900000000000\r\n\r\n").as_bytes())
        .unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 413");
    drop(stream);
    for (fields, code) in [
        ("Transfer-Encoding: chunked\r\n", 411),
        ("", 411),
        ("Content-Length: 1\r\nContent-Length: 2\r\n", 411),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 99999999999999999999999\r\n", 400),
        ("Content-Length: 262145\r\n", 413),
    ] {
        assert_eq!(
            served.raw(&format!("{start}{fields}\r\n"), b"{}").code,
            code,
            "{fields}"
        );
    }
    let long = format!("Long: {}\r\n", "x".repeat(20_000));
    assert_eq!(served.raw(&format!("{start}{long}\r\n"), b"").code, 431);
    let many = "a: b\r\n".repeat(100);
    assert_eq!(served.raw(&format!("{start}{many}\r\n"), b"").code, 400);
    assert_eq!(served.raw("\u{1}\u{2}\r\n\r\n", b"").code, 400);
    // Connections that say nothing keep nobody waiting.
    let idle: Vec<TcpStream> = (0..20).map(|_| served.connect()).collect();
    assert_eq!(served.get("").code, 200);
    drop(idle);
    assert!(
        served.program.try_wait().unwrap().is_none(),
        "the program has ended"
    );
}

/// Checks: what cannot be served is refused at once: a file that is no network, a port that is taken.
#[test]
fn what_cannot_be_served_is_refused() {
    let desk = Desk::new();
    let no_network = desk.write("no.json", "{}");
    for (arguments, code, said) in [
        (vec!["explore", no_network.to_str().unwrap()], 2, "no.json"),
        (vec!["explore", "none.json"], 2, "none.json"),
        (vec!["explore", "--port", "70000"], 2, "70000"),
    ] {
        let (found, _, stderr) = run(&arguments);
        assert_eq!(found, code, "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    let served = Served::new(&[]);
    let (code, stdout, stderr) = run(&["explore", "--port", &served.port.to_string()]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(stderr.contains("cannot listen"), "{stderr}");
}

//! A server as strangers see it, through grpcurl and ghz.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

use millwright_tests::Plant;
use serde_json::{Deserializer, Value};

/// No TLS, and more patience than any call needs on a loaded machine.
const GRPCURL: [&str; 6] = ["grpcurl", "-plaintext", "-connect-timeout", "60", "-max-time", "120"];
const GHZ: [&str; 8] =
    ["ghz", "--insecure", "--connect-timeout", "60s", "--timeout", "60s", "-O", "json"];
/// grpcurl ends with this and the code of the status.
const STATUS: i32 = 64;

/// Runs the tools; they are built when the first is needed.
static RUN: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients/tools");
    let mut build = Command::new("timeout");
    let built = build.args(["--kill-after=10", "900"]).arg(folder.join("build")).output();
    let built = built.expect("timeout runs");
    assert!(built.status.success(), "{}", stderr(&built));
    folder.join("run")
});

/// A server, as grpcurl sees it.
pub(crate) struct Server {
    address: String,
}

impl Server {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address: address.to_string() }
    }

    pub(crate) fn all(plant: &Plant) -> [Self; 3] {
        [plant.registry_address, plant.trainer_address, plant.predictor_address].map(Self::at)
    }

    pub(crate) fn services(&self) -> Vec<String> {
        lines(&printed(&GRPCURL, &[&self.address, "list"]))
    }

    /// `package.Service.Method` of every method.
    pub(crate) fn methods(&self) -> Vec<String> {
        let list = |service: String| lines(&printed(&GRPCURL, &[&self.address, "list", &service]));
        self.services().into_iter().flat_map(list).collect()
    }

    /// Full names of a method's request and answer.
    pub(crate) fn types(&self, method: &str) -> Vec<String> {
        let said = self.described(method);
        let types = said.split_whitespace().filter(|word| word.starts_with('.'));
        types.map(|word| word.trim_matches(['.', ';']).to_owned()).collect()
    }

    pub(crate) fn described(&self, symbol: &str) -> String {
        printed(&GRPCURL, &[&self.address, "describe", symbol])
    }

    /// The messages that answer `requests`; the call ends with OK.
    pub(crate) fn answers(&self, method: &str, requests: &[Value]) -> Vec<Value> {
        let requests = requests.iter().map(Value::to_string).collect::<String>();
        let said = printed(&GRPCURL, &["-d", &requests, &self.address, method]);
        Deserializer::from_str(&said).into_iter().map(|answer| answer.expect("JSON")).collect()
    }

    pub(crate) fn answer(&self, method: &str, request: Value) -> Value {
        let mut answers = self.answers(method, &[request]);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    /// How `{}` is refused; none where an answer begins, which for a watch does not end.
    pub(crate) fn refusal(&self, method: &str) -> Option<Refusal> {
        let mut call = Command::new(&*RUN);
        let call = call.args(GRPCURL).args(["-d", "{}", &self.address, method]);
        let mut call = call.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut first = String::new();
        let said = call.stdout.take().expect("piped");
        BufReader::new(said).read_line(&mut first).expect("readable");
        if !first.is_empty() {
            call.kill().expect("it was started here");
        }
        let ended = call.wait_with_output().expect("it is waited for");
        first.is_empty().then(|| Refusal::new(&ended))
    }

    /// What ghz reports of 500 calls, 8 at a time.
    pub(crate) fn driven(&self, method: &str, request: Value) -> Value {
        let (load, request) = (["-n", "500", "-c", "8"], request.to_string());
        let call = [&load[..], &["--call", method, "-d", &request, &self.address]];
        serde_json::from_str(&printed(&GHZ, &call.concat())).expect("a report")
    }
}

/// How grpcurl shows a status that is not OK.
pub(crate) struct Refusal {
    /// Of the status.
    pub(crate) code: i32,
    /// Its message and details.
    pub(crate) said: String,
}

impl Refusal {
    fn new(ended: &Output) -> Self {
        let code = ended.status.code().expect("it was not killed") - STATUS;
        Self { code, said: stderr(ended) }
    }

    /// The fields that it complains about, without what lies below them.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let named = self.said.lines().filter_map(|line| line.trim().strip_prefix("\"field\": \""));
        named.filter_map(|field| field.split(['"', '.', '[']).next()).collect()
    }
}

/// What a tool prints; it ends in good order.
fn printed(tool: &[&str], arguments: &[&str]) -> String {
    let ended = Command::new(&*RUN).args(tool).args(arguments).output().expect("it runs");
    assert!(ended.status.success(), "{arguments:?}: {}", stderr(&ended));
    String::from_utf8(ended.stdout).expect("UTF-8")
}

fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

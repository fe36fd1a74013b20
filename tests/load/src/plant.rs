//! The servers: the predictor with its models, the null server, the peer.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    Failure,
    process::{Running, SENDER, SERVER, last, pinned},
};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Programs of one build, and the data that they serve.
pub(crate) struct Plant {
    folder: TempDir,
    programs: PathBuf,
}

/// A server that listens.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Running,
}

impl Plant {
    /// A folder of its own, without models, and the programs beside this one.
    pub(crate) fn empty() -> Result<Self, Failure> {
        let own = std::env::current_exe()?;
        let programs = own.parent().ok_or(Failure::Programs)?.to_owned();
        Ok(Self { folder: tempfile::tempdir()?, programs })
    }

    /// Trains `digits`, of which `data` has the file, and `notes`.
    pub(crate) fn trained(data: &Path) -> Result<Self, Failure> {
        let plant = Self::empty()?;
        plant.train(data)?;
        Ok(plant)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn millwright(&self) -> PathBuf {
        self.programs.join("millwright")
    }

    /// Texts of work orders, one of 60 to 120 characters a row.
    pub(crate) fn notes(&self) -> PathBuf {
        self.folder.path().join("notes.csv")
    }

    fn train(&self, data: &Path) -> Result<(), Failure> {
        self.write_notes()?;
        let ports = [free()?, free()?, free()?].map(|address| address.to_string());
        let [registry, trainer, predictor] = &ports;
        let addresses = ["--registry", registry, "--trainer", trainer, "--predictor", predictor];
        let mut up = Command::new(self.millwright());
        up.arg("up").args(addresses).args([
            "--rest",
            "off",
            "--metrics",
            "127.0.0.1:0",
            "--data-dir",
        ]);
        let mut up = Running::spawn(
            up.arg(self.folder.path()).stdout(self.log("up")?).stderr(self.log("up")?),
        )?;
        listening(predictor.parse().map_err(|_| Failure::Programs)?, &mut up)?;
        let train = |file: PathBuf, more: &[&str]| {
            let mut train = Command::new(self.millwright());
            train.arg("train").arg(file).args(more).args(["--alias", "production"]).args(addresses);
            succeed(train.stdout(Stdio::null()).stderr(self.log("train")?))
        };
        train(
            data.join("digits.csv"),
            &["--model", "digits", "--target", "label", "--split-column", "fold"],
        )?;
        train(self.notes(), &["--model", "notes", "--target", "trade", "--text", "note"])
    }

    /// Pairs of the demo's notes of one trade, since work orders are longer than those.
    fn write_notes(&self) -> Result<(), Failure> {
        let demo = self.folder.path().join("demo");
        let mut command = Command::new(self.millwright());
        command.args(["demo", "--exit", "--data-dir"]).arg(&demo);
        succeed(command.stdout(Stdio::null()).stderr(self.log("demo")?))?;
        let notes = fs::read_to_string(demo.join("notes-synthetic.csv"))?;
        let notes = notes.lines().skip(1).filter_map(|line| {
            let mut fields = line.rsplitn(3, ',').skip(1);
            Some((fields.next()?, fields.next()?.trim_matches('"')))
        });
        let mut by_trade = BTreeMap::<&str, Vec<&str>>::new();
        notes.for_each(|(trade, note)| by_trade.entry(trade).or_default().push(note));
        let mut file = String::from("note,trade\n");
        for (trade, notes) in &by_trade {
            for [first, second] in notes.as_chunks().0 {
                let note = format!("{first}; {second}");
                if (60..=120).contains(&note.len()) {
                    file.push_str(&format!("\"{note}\",{trade}\n"));
                }
            }
        }
        Ok(fs::write(self.notes(), file)?)
    }

    /// The predictor alone, on what it has kept: its registry is away.
    pub(crate) fn predictor(&self, flags: &[&str]) -> Result<Server, Failure> {
        self.predictor_of(free()?, flags)
    }

    /// The predictor beside its registry.
    pub(crate) fn predictor_of(
        &self,
        registry: SocketAddr,
        flags: &[&str],
    ) -> Result<Server, Failure> {
        let address = free()?;
        let mut command = pinned(SERVER, &self.millwright());
        command.args(["predictor", "--rest", "off", "--metrics", "127.0.0.1:0"]);
        command.args(["--registry", &registry.to_string(), "--predictor", &address.to_string()]);
        command.arg("--data-dir").arg(self.folder.path()).args(flags);
        self.start("millwright", address, &mut command)
    }

    /// The registry, which takes no time from anybody who wants it.
    pub(crate) fn registry(&self) -> Result<Server, Failure> {
        let address = free()?;
        let mut command = last(&self.millwright());
        command.args(["registry", "--metrics", "127.0.0.1:0", "--registry", &address.to_string()]);
        command.arg("--data-dir").arg(self.folder.path());
        self.start("registry", address, &mut command)
    }

    /// A collector that keeps nothing, beside the sender.
    pub(crate) fn sink(&self) -> Result<Server, Failure> {
        let address = free()?;
        let mut command = pinned(SENDER, &self.programs.join("otlp-sink"));
        self.start("sink", address, command.args(["--listen", &address.to_string()]))
    }

    /// Another folder with what the predictor has kept in this one.
    pub(crate) fn twin(&self) -> Result<Self, Failure> {
        let twin = Self::empty()?;
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.folder().join("predictor")).arg(twin.folder());
        succeed(&mut copy)?;
        Ok(twin)
    }

    /// A program of this tool, where servers run; what it has printed.
    pub(crate) fn alone(&self, program: &str, args: &[&str]) -> Result<String, Failure> {
        let output = pinned(SERVER, &self.programs.join(program)).args(args).output()?;
        if !output.status.success() {
            return Err(Failure::Program(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What answers as the server at `like`, and does nothing for it.
    pub(crate) fn null(&self, like: SocketAddr) -> Result<Server, Failure> {
        let address = free()?;
        let mut command = pinned(SERVER, &self.programs.join("null-server"));
        command.args(["--listen", &address.to_string(), "--like", &like.to_string()]);
        self.start("null", address, &mut command)
    }

    /// The peer, run by `python`, which has what it needs.
    pub(crate) fn peer(&self, python: &Path) -> Result<Server, Failure> {
        let address = free()?;
        let mut command = pinned(SERVER, python);
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/peer/server.py"))
            .arg(address.to_string());
        self.start("peer", address, &mut command)
    }

    fn start(
        &self,
        name: &'static str,
        address: SocketAddr,
        command: &mut Command,
    ) -> Result<Server, Failure> {
        command.stdout(self.log(name)?).stderr(self.log(name)?);
        let mut process = Running::spawn(command)?;
        listening(address, &mut process)?;
        Ok(Server { name, address, process })
    }

    fn log(&self, name: &str) -> io::Result<File> {
        File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join(format!("{name}.log")))
    }
}

/// An address on which nobody listens.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Waits until `process` listens at `address`.
fn listening(address: SocketAddr, process: &mut Running) -> Result<(), Failure> {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if process.ended()?.is_some() || begun.elapsed() > PATIENCE {
            return Err(Failure::Silent(address));
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(Failure::Program(format!("{command:?}"))) }
}

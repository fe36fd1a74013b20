//! Programs of plant developers in seven languages, built and run against real services.
//!
//! What each of them takes and prints stands in `tests/clients/README.md`.

mod doors;
mod expected;
mod further;
mod guide;
mod program;
mod site;
mod table;

use doors::{Cut, Identity};
use program::Program;
use site::{Face, ROWS, Site};

/// Builds are heavy: one language at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

macro_rules! speaks {
    ($($language:ident, $face:ident: $needs:literal),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread")]
        #[ignore = $needs]
        async fn $language() {
            let _turn = TURN.lock().await;
            keeps_the_contract(Program::build(stringify!($language)), Face::$face).await;
        })+
    };
}

speaks! {
    python, Grpc: "needs CPython with venv, and PyPI",
    node, Grpc: "needs Node.js with npm, and its registry",
    rust, Grpc: "needs cargo",
    go, Grpc: "needs Go, its module proxy, and CPython with PyPI for buf",
    java, Grpc: "needs a JDK 17, Maven and its registry",
    cpp, Grpc: "needs CMake and Debian's libgrpc++-dev, libprotobuf-dev and protobuf-compiler-grpc",
    csharp, Rest: "needs Debian's mono-mcs, mono-runtime and two libraries of Mono",
}

async fn keeps_the_contract(program: Program, face: Face) {
    let site = Site::start(face).await;
    answers_over_a_connection_that_breaks(&program, &site).await;
    match face {
        Face::Grpc => speaks_tls(&program, &site).await,
        // Whom .NET Framework trusts is a setting of the machine, not of a program.
        Face::Rest => {}
    }
}

async fn answers_over_a_connection_that_breaks(program: &Program, site: &Site) {
    let cut = Cut::after(site.face.most_sent());
    let [first, second] = site.predictors();
    let doors = [cut.door(first).await, cut.door(second).await];
    let before = site.answered().await;
    let calls = site.arguments(&doors.each_ref().map(|door| door.address));
    let output = program.output(&[calls.clone(), site.rows(ROWS), site.trouble()].concat());
    assert!(cut.is_done(), "the stream was longer than a connection lasts");
    expected::of_all_parts(&output, site);
    site.assert_labels();
    let after = site.answered().await;
    assert!(before.iter().zip(&after).all(|(before, after)| before < after), "both predict");

    let refused = program.refused(&[calls, site.rows("no-such-file.csv")].concat());
    assert!(refused.contains("--rows"), "names the argument: {refused}");
}

/// The predictors do not speak TLS; doors in front of them do.
async fn speaks_tls(program: &Program, site: &Site) {
    let identity = Identity::new(&site.file("ca.pem"));
    let [first, second] = site.predictors();
    let doors = [identity.door(first).await, identity.door(second).await];
    let calls = site.arguments(&doors.each_ref().map(|door| door.address));
    let calls = [calls, site.rows(ROWS)].concat();
    let output = program.output(&[calls.clone(), site.trusting("ca.pem")].concat());
    expected::of_predictions(&output, site);
    site.assert_labels();

    Identity::new(&site.file("other.pem"));
    let refused = program.refused(&[calls.clone(), site.trusting("other.pem")].concat());
    assert!(!refused.contains("--ca"), "a stranger is not trusted: {refused}");
    let refused = program.refused(&[calls, site.trusting("no-such-file.pem")].concat());
    assert!(refused.contains("--ca"), "names the argument: {refused}");
}

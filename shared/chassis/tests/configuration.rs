//! A setting that cannot be used is named before anything starts.

use std::time::Duration;

use clap::Parser;
use millwright_chassis::{
    ConfigError, Exit, Limits, Reach,
    args::{InsecureArgs, LimitArgs, TelemetryArgs, TelemetryDefaults},
    bind,
};

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
}

fn args(flags: &[&str]) -> Args {
    let line = std::iter::once("millwright").chain(flags.iter().copied());
    Args::try_parse_from(line).expect("well formed")
}

fn check(flags: &[&str]) -> Result<Limits, ConfigError> {
    let defaults = TelemetryDefaults { service: "test", metrics: ([127, 0, 0, 1], 7403).into() };
    let args = args(flags);
    args.telemetry.check(defaults, args.insecure.reach())?;
    args.limits.check()
}

#[test]
fn the_flags_say_by_default_what_the_limits_do() {
    assert_eq!(check(&[]).expect("the defaults are right"), Limits::default());
}

#[test]
fn a_wrong_value_is_a_usage_error_that_names_its_flag() {
    for (flags, flag, why) in [
        (["--max-in-flight", "0"], "--max-in-flight", "refuses everything"),
        (["--max-connections", "0"], "--max-connections", "refuses everything"),
        (["--max-message-bytes", "0"], "--max-message-bytes", "refuses everything"),
        (["--drain", "0"], "--drain", "no time at all"),
        (["--drain", "NaN"], "--drain", "no time"),
        (["--max-deadline", "1e9"], "--max-deadline", "30 years"),
        (["--otlp-endpoint", "collector:4317"], "--otlp-endpoint", "no scheme"),
        (["--trace-sampling", "1.01"], "--trace-sampling", "more than everything"),
        (["--trace-sampling=-0.1", "--drain=1"], "--trace-sampling", "less than nothing"),
        (["--trace-sampling", "NaN"], "--trace-sampling", "no share"),
        (["--metrics", "0.0.0.0:0"], "--metrics", "off loopback"),
        (["--metrics", "[::]:0"], "--metrics", "off loopback"),
    ] {
        let error = check(&flags).expect_err(why);
        assert_eq!((error.flag(), error.exit()), (flag, Exit::Usage), "{why}");
        assert!(error.to_string().starts_with(flag), "{error}");
    }
}

#[test]
fn times_are_seconds() {
    let limits = check(&["--drain", "0.5", "--max-deadline", "2"]).expect("right");
    assert_eq!(limits.drain, Duration::from_millis(500));
    assert_eq!(limits.max_deadline, Duration::from_secs(2));
}

#[test]
fn others_may_connect_only_if_that_is_said_aloud() {
    let open = "0.0.0.0:7401".parse().expect("an address");
    let error = Reach::Loopback.check("--registry", open).expect_err("off loopback");
    assert!(error.to_string().contains("--insecure"), "says how: {error}");
    assert_eq!(Reach::Network.check("--registry", open).expect("said aloud"), open);
    for loopback in ["127.0.0.1:0", "127.8.8.8:1", "[::1]:0"] {
        let address = loopback.parse().expect("an address");
        Reach::Loopback.check("--registry", address).expect(loopback);
    }
}

#[tokio::test]
async fn a_taken_port_names_flag_and_address_and_says_what_to_do() {
    let taken = bind("--registry", ([127, 0, 0, 1], 0).into()).await.expect("port 0 picks");
    let address = taken.local_addr().expect("it is bound");
    let error = bind("--registry", address).await.expect_err("taken");
    assert_eq!((error.flag(), error.exit()), ("--registry", Exit::Unavailable));
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("choose another port"), "{text}");
}

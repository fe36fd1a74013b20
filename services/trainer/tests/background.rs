//! What trains stands back behind those who answer. Alone in its process, whose pool it looks at.
#![cfg(target_os = "linux")]

use std::{future::pending, time::Duration};

use millwright_chassis::background::LAST;
use millwright_client::HealthClient;
use millwright_trainer::{Config, serve};
use rustix::process::{getpid, getpriority_process};
use tokio::{net::TcpListener, time::sleep};

#[tokio::test]
async fn all_threads_of_the_pool_that_trains_stand_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let serving = tokio::spawn(serve(listener, Config::new(folder.path(), &address), pending()));
    let health = HealthClient::connect_lazy("trainer", &address).expect("an address");
    while health.check("").await.is_err() {
        assert!(!serving.is_finished(), "it serves");
        sleep(Duration::from_millis(10)).await;
    }
    let first = getpriority_process(Some(getpid())).expect("every process has one");
    for niceness in rayon::broadcast(|_| getpriority_process(None).expect("every thread has one")) {
        assert_eq!(niceness, (first + LAST).min(19));
    }
}

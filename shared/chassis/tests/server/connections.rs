//! Connections are capped.

use std::io;

use millwright_chassis::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::plant::{Client, Plant, request, soon};

#[tokio::test]
async fn a_connection_beyond_the_cap_is_closed_at_once() {
    let plant = Plant::start(Limits { max_connections: 1, ..Default::default() }).await;
    let mut seated = plant.client().await;
    seated.model_infer(request("")).await.expect("within the cap");

    let mut stranger = TcpStream::connect(plant.address).await.expect("the kernel accepts");
    let read = soon(stranger.read(&mut [0; 1])).await;
    assert!(
        matches!(read, Ok(0)) || read.is_err_and(|e| e.kind() == io::ErrorKind::ConnectionReset)
    );
    seated.model_infer(request("")).await.expect("the other one is unharmed");
}

#[tokio::test]
async fn a_closed_connection_makes_room() {
    let plant = Plant::start(Limits { max_connections: 1, ..Default::default() }).await;
    drop(plant.client().await);
    let seated = async {
        loop {
            let Ok(channel) = plant.endpoint().connect().await else { continue };
            if Client::new(channel).model_infer(request("")).await.is_ok() {
                break;
            }
        }
    };
    soon(seated).await;
}

#[tokio::test]
async fn what_does_not_speak_http2_is_closed() {
    let plant = Plant::start(Default::default()).await;
    let mut stranger = TcpStream::connect(plant.address).await.expect("it listens");
    let ask = b"GET / HTTP/1.1\r\nhost: millwright\r\n\r\n";
    stranger.write_all(ask).await.expect("sent");
    let mut answer = Vec::new();
    let _ = soon(stranger.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
}

//! Questions by HTTP to the pages of a node and to the process of the cloud: one connection each, which is enough for a few.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a page says.
pub async fn get(port: u16, path: &str) -> Result<Value> {
    send(port, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await
}

/// What the cloud answers to one of its questions.
pub async fn post(port: u16, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let length = body.len();
    send(
        port,
        &format!("POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
    .await
}

async fn send(port: u16, request: &str) -> Result<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.with_context(|| format!("connected to {port}"))?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("read an answer: it has no head")?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("asked {port}: {} {}", head.lines().next().unwrap_or_default(), body.trim());
    }
    serde_json::from_str(body).with_context(|| format!("read the answer of {port}"))
}

//! Log lines.

use std::{
    io::{self, Write as _},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use adapter_telemetry::{Config, Error, Format, build, logs, trace::TARGET};
use tracing_subscriber::{Registry, fmt::MakeWriter, layer::SubscriberExt};

use crate::{config, counters};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged(config: &Config) -> String {
    let kept = Kept::default();
    let subscriber = Registry::default().with(logs::layer(config, kept.clone()).unwrap());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(log = %"global", seq = 7_u64, durable = true, "applied \"it\"");
        tracing::debug!("left out");
        tracing::info!(target: TARGET, "of a request, so no line");
    });
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_json_line_has_fixed_fields_and_says_who_logs() {
    let text = logged(&Config { log: "info".to_owned(), format: Format::Json, ..config(None) });
    assert_eq!(text.lines().count(), 1, "{text}");
    let mut line: serde_json::Value = serde_json::from_str(&text).unwrap();
    let time = line["time"].take();
    assert!(time.as_str().unwrap().ends_with('Z'));
    let wanted = serde_json::json!({
        "time": null, "level": "INFO", "target": "it::logs", "message": "applied \"it\"",
        "ring": "test", "region": "us-east-1", "member": 3, "log": "global", "seq": 7, "durable": true,
    });
    assert_eq!(line, wanted);
}

#[test]
fn a_line_for_people_names_its_fields() {
    let text = logged(&Config { log: "info".to_owned(), ..config(None) });
    assert!(text.contains("INFO it::logs: applied \"it\" log=global seq=7 durable=true"), "{text}");
    assert_eq!(text.lines().count(), 1);
    assert_eq!(logged(&config(None)), "");
}

#[test]
fn what_cannot_be_read_is_named() {
    let filter = Config { log: "loud=very".to_owned(), ..config(None) };
    let refused = build(&filter, &counters()).err().unwrap();
    assert!(matches!(&refused, Error::Filter { given } if given == "loud=very"), "{refused}");
    let refused = build(&config(Some("ftp://x".to_owned())), &counters()).err().unwrap();
    assert_eq!(refused.to_string(), "read the collector \"ftp://x\": wanted http://HOST:PORT with nothing behind it");
}

/// Takes nothing until told.
struct Stuck(mpsc::Receiver<()>);

impl io::Write for Stuck {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // It ends when the test does.
        let _ = self.0.recv();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_end_of_a_process_does_not_wait_for_a_reader_that_stands_still() {
    let dropped = prometheus_client::metrics::counter::Counter::default();
    let (release, stuck) = mpsc::channel();
    let mut writer = logs::Writer::start_on(Stuck(stuck), dropped.clone()).unwrap();
    // More than the queue holds, so that there is no room for a flush either.
    while dropped.get() == 0 {
        writer.write_all(b"line\n").unwrap();
    }
    let (done, flushed) = mpsc::channel();
    let flush = std::thread::Builder::new().spawn(move || {
        logs::Writer::flush(&writer);
        done.send(()).unwrap();
    });
    assert_eq!(flushed.recv_timeout(Duration::from_secs(5)), Ok(()), "it still waits");
    drop(release);
    flush.unwrap().join().unwrap();
}

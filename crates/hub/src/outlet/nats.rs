//! A NATS server with JetStream: where it is, and what is asked of it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    ConnectOptions, Event, ServerAddr,
    jetstream::{
        self, Context,
        context::PublishErrorKind,
        message::PublishMessage,
        stream::{Config, RawMessageErrorKind, Stream},
    },
};
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::Failure;
use crate::{
    error::{Error, Result},
    use_cases::publish::{Place, Published, SUBJECT},
};

/// The stream's name where nobody says otherwise.
pub const DEFAULT_STREAM: &str = "PUNCHCARD";
/// How long connecting, and asking one thing, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a batch may take until the last of it is acknowledged.
const BATCH: Duration = Duration::from_secs(10);
/// What JetStream has stored twice within this time is stored once. It keeps the ids in memory.
const WINDOW: Duration = Duration::from_mins(2);

/// Where facts are published. It holds a password: no `Debug`.
#[derive(Clone)]
pub struct Nats {
    servers: Vec<ServerAddr>,
    user: Option<(String, Zeroizing<String>)>,
    token: Option<Zeroizing<String>>,
    credentials: Option<PathBuf>,
    authority: Option<PathBuf>,
    stream: String,
}

impl Nats {
    /// `url`: one address or several with commas between them, as `nats://USER:PASSWORD@HOST:4222`,
    /// `nats://TOKEN@HOST` or `tls://HOST`; `stream`: the stream's name; `credentials`: a file with a
    /// JWT and its key; `authority`: PEM, who vouches for the servers, where the system does not know
    /// them.
    ///
    /// # Errors
    /// [`Error::Usage`], without what was given.
    pub fn new(
        url: &str,
        stream: Option<&str>,
        credentials: Option<PathBuf>,
        authority: Option<PathBuf>,
    ) -> Result<Self> {
        let stream = stream.unwrap_or(DEFAULT_STREAM);
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        if stream.is_empty() || !stream.chars().all(fits) {
            return Err(Error::Usage(
                "nats_stream: a stream's name has letters, digits, _ and - only".into(),
            ));
        }
        let mut to = Self {
            servers: Vec::new(),
            user: None,
            token: None,
            credentials,
            authority,
            stream: stream.to_owned(),
        };
        for part in url.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            to.add(part)?;
        }
        if to.servers.is_empty() { Err(not_an_address()) } else { Ok(to) }
    }

    /// Takes what is secret out of an address: it would be in what the library logs.
    fn add(&mut self, address: &str) -> Result<()> {
        let address: ServerAddr = address.parse().map_err(|_| not_an_address())?;
        if !matches!(address.scheme(), "nats" | "tls") || address.host().is_empty() {
            return Err(not_an_address());
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| not_an_address())?;
            Ok::<_, Error>(Zeroizing::new(text.into_owned()))
        };
        match (address.username(), address.password()) {
            (Some(user), Some(password)) => {
                self.user = Some((decoded(user)?.to_string(), decoded(password)?));
            }
            (Some(token), None) => self.token = Some(decoded(token)?),
            _ => {}
        }
        let mut url = address.into_inner();
        url.set_username("").map_err(|()| not_an_address())?;
        url.set_password(None).map_err(|()| not_an_address())?;
        self.servers.push(ServerAddr::from_url(url).map_err(|_| not_an_address())?);
        Ok(())
    }

    /// Where it is, for people: never with a password.
    pub fn describe(&self) -> String {
        let servers = self
            .servers
            .iter()
            .map(|server| format!("{}://{}:{}", server.scheme(), server.host(), server.port()));
        format!("stream {} at {}", self.stream, servers.collect::<Vec<_>>().join(", "))
    }

    async fn options(&self) -> Result<ConnectOptions, Failure> {
        let mut options = ConnectOptions::new().name("punchcard-hub");
        if let Some((user, password)) = &self.user {
            options = options.user_and_password(user.clone(), password.to_string());
        }
        if let Some(token) = &self.token {
            options = options.token(token.to_string());
        }
        if let Some(path) = &self.authority {
            options = options.add_root_certificates(path.clone());
        }
        if let Some(path) = &self.credentials {
            let read = options.credentials_file(path).await;
            options = read.map_err(|error| {
                Failure::Nats(format!("the credentials in {}: {error}", path.display()))
            })?;
        }
        Ok(options.connection_timeout(PATIENCE).request_timeout(Some(PATIENCE)))
    }
}

fn not_an_address() -> Error {
    // Without what was given: there may be a password in it.
    Error::Usage(
        "NATS_URL: an address is nats://USER:PASSWORD@HOST:4222, nats://TOKEN@HOST or tls://HOST, \
         several with commas between them; what is no letter or digit in a password is written as \
         %40"
        .into(),
    )
}

/// How a stream ends.
pub(super) struct End {
    /// The newest sequence that it ever had; 0: it is new.
    pub(super) sequence: u64,
    /// What its newest message says of our log, if it is one of ours and still there.
    pub(super) place: Option<Place>,
}

/// What became of a batch.
pub(super) enum Outcome {
    /// All of it is there.
    Stored,
    /// The stream does not end where it should.
    OutOfStep,
    /// Something broke.
    Failed(String),
}

/// A batch, and how far it came.
pub(super) struct Sent {
    /// So many of it, from the first on, were acknowledged.
    pub(super) acknowledged: usize,
    /// The newest sequence of those; 0 where there are none.
    pub(super) newest: u64,
    /// How it ended.
    pub(super) outcome: Outcome,
}

/// A connection, and the stream that is there.
pub(super) struct Connection {
    context: Context,
    stream: Stream,
    name: String,
    lost: Arc<AtomicBool>,
}

impl Connection {
    /// Connects, and makes the stream where it is not there. A stream that is there stays as it is.
    pub(super) async fn open(to: &Nats) -> Result<Self, Failure> {
        let lost = Arc::new(AtomicBool::new(false));
        let notes = lost.clone();
        let options = to.options().await?.event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed) {
                notes.store(true, Ordering::SeqCst);
            }
            std::future::ready(())
        });
        let connecting = timeout(PATIENCE * 2, options.connect(to.servers.clone()));
        let client = match connecting.await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(Failure::Nats(error.to_string())),
            Err(_) => return Err(Failure::Nats("it does not answer".into())),
        };
        let mut context = jetstream::new(client);
        context.set_timeout(PATIENCE);
        let config = Config {
            name: to.stream.clone(),
            subjects: vec![format!("{SUBJECT}.>")],
            duplicate_window: WINDOW,
            ..Config::default()
        };
        let stream = context.get_or_create_stream(config).await;
        let stream = stream.map_err(|error| {
            Failure::Nats(format!("the stream {} cannot be had: {error}", to.stream))
        })?;
        Ok(Self { context, stream, name: to.stream.clone(), lost })
    }

    /// Whether it was one connection all the time: what NATS had may have been lost with the last one.
    pub(super) fn holds(&self) -> Result<(), Failure> {
        if self.lost.load(Ordering::SeqCst) {
            return Err(Failure::Nats("the connection was lost".into()));
        }
        Ok(())
    }

    /// How the stream ends just now.
    pub(super) async fn end(&self) -> Result<End, Failure> {
        let failed = |what: &dyn std::fmt::Display| {
            Failure::Nats(format!("how the stream ends is not known: {what}"))
        };
        let info = self.stream.get_info().await.map_err(|error| failed(&error))?;
        let sequence = info.state.last_sequence;
        if sequence == 0 || info.state.messages == 0 {
            return Ok(End { sequence, place: None });
        }
        let message = match self.stream.get_raw_message(sequence).await {
            Ok(message) => message,
            // Somebody removed it.
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {
                return Ok(End { sequence, place: None });
            }
            Err(error) => return Err(failed(&error)),
        };
        Ok(End { sequence, place: serde_json::from_slice(&message.payload).ok() })
    }

    /// Publishes facts in their order. `end`: the stream's newest sequence. Each fact is stored only where it follows the one before, so
    /// that one which was lost on the way is overtaken by none.
    pub(super) async fn publish(&self, facts: Vec<Published>, end: Option<u64>) -> Sent {
        let until = Instant::now() + BATCH;
        let mut sent = Vec::with_capacity(facts.len());
        let mut outcome = Outcome::Stored;
        let mut follows = end;
        for fact in facts {
            let mut message = PublishMessage::build()
                .payload(fact.body.into())
                .message_id(fact.entry.to_string())
                .expected_stream(&self.name);
            if let Some(before) = follows.as_mut() {
                message = message.expected_last_sequence(*before);
                *before += 1;
            }
            match timeout_at(until, self.context.send_publish(fact.subject, message)).await {
                Ok(Ok(acknowledgement)) => sent.push(acknowledgement),
                Ok(Err(error)) => {
                    outcome = Outcome::Failed(error.to_string());
                    break;
                }
                Err(_) => {
                    outcome = slow();
                    break;
                }
            }
        }
        let (mut acknowledged, mut newest) = (0, 0);
        for waiting in sent {
            match timeout_at(until, waiting.into_future()).await {
                Ok(Ok(stored)) => {
                    acknowledged += 1;
                    // What was there already says where it stood then.
                    newest = stored.sequence.max(newest);
                }
                Ok(Err(error)) if error.kind() == PublishErrorKind::WrongLastSequence => {
                    outcome = Outcome::OutOfStep;
                    break;
                }
                Ok(Err(error)) => {
                    outcome = Outcome::Failed(error.to_string());
                    break;
                }
                Err(_) => {
                    outcome = slow();
                    break;
                }
            }
        }
        Sent { acknowledged, newest, outcome }
    }
}

fn slow() -> Outcome {
    Outcome::Failed("it acknowledges too slowly".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_taken_out_of_addresses() {
        let to = Nats::new("nats://anna:p%40ss@one:4333, tls://two", None, None, None);
        let to = to.expect("two addresses");
        let (user, password) = to.user.as_ref().expect("it names one");
        assert_eq!((user.as_str(), password.as_str()), ("anna", "p@ss"));
        assert_eq!(to.describe(), "stream PUNCHCARD at nats://one:4333, tls://two:4222");
        let shown = to.servers.iter().map(|server| server.as_url_str().to_owned());
        assert!(shown.clone().all(|url| !url.contains("anna") && !url.contains("ss@")));
        let to = Nats::new("nats://t%2Fken@one", Some("FACTS"), None, None).expect("a token");
        assert_eq!(to.token.as_ref().map(|token| token.as_str()), Some("t/ken"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for url in
            ["", " , ", "http://anna:geheim@one", "ws://geheim@one", "nats://", "nats://a:%FF@one"]
        {
            let Err(Error::Usage(why)) = Nats::new(url, None, None, None) else {
                panic!("{url} is refused")
            };
            assert!(why.contains("NATS_URL") && !why.contains("geheim"), "{why}");
        }
        assert!(Nats::new("nats://one", Some("a.b"), None, None).is_err());
    }
}

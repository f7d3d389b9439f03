//! The window under test: its driver, its process, and what a person does at it.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
    error::CmdError,
    key::Key,
    wd::Capabilities,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

use crate::shop::{SCANNER_GAP_MS, Shop, program};

/// Longer than anything takes on a busy machine: only what never comes has to be waited for so long.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The ports of the drivers: see `free_port`. Above those of the hubs (`processes::port`): the port of
/// one that is stopped for a while is nobody else's.
const FIRST_PORT: u16 = 28_100;
const PORTS: u32 = 4_500;
const PORTS_TRIED: usize = 5;
static PORTS_ASKED: AtomicU32 = AtomicU32::new(0);
/// Slower than any scanner: see `shop::SCANNER_GAP_MS`.
const HUMAN: Duration = Duration::from_millis(600);
/// One window at a time: there is one screen, and it has one focus.
static SCREEN: Mutex<()> = Mutex::const_new(());

/// After so long the same code is another scan: see `SAME_CODE_MS` of the page.
const ANOTHER_SCAN: Duration = Duration::from_millis(1200);

/// Collects what must never be there: errors, warnings, and violations of the window's policy,
/// those of the first moment too.
///
/// And what is said in the line at the foot, which is gone after a while: a machine that is slow enough
/// never shows it to whoever looks only now and then.
const LISTEN: &str = r"
    window.said = [];
    const line = '[data-testid=spoken-notice] span';
    let last = null;
    new MutationObserver(() => {
        const now = document.querySelector(line);
        if (now && now !== last && now.textContent) window.said.push(now.textContent);
        last = now;
    }).observe(document, { childList: true, subtree: true, characterData: true });
    window.pace = [];
    addEventListener('keydown', (event) => window.pace.push(event.timeStamp), true);
    window.complaints = [];
    const say = (...parts) => window.complaints.push(parts.map(String).join(' '));
    console.error = say;
    console.warn = say;
    addEventListener('error', (event) => say(event.message));
    addEventListener('unhandledrejection', (event) => say(event.reason));
    addEventListener('securitypolicyviolation', (event) =>
        say(event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber));
    new ReportingObserver((reports) => reports.forEach((one) => say(JSON.stringify(one))),
        { buffered: true, types: ['csp-violation'] }).observe();
";

/// WebKit's driver, in a process group of its own, so that the desk it starts ends with it.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver on a port that nobody else took meanwhile.
    async fn start(shop: &Shop) -> Self {
        for _ in 0..PORTS_TRIED {
            let mut driver = Self::on_port(free_port(), shop);
            if driver.listens().await {
                return driver;
            }
        }
        panic!("WebKitWebDriver does not listen on any of {PORTS_TRIED} ports");
    }

    fn on_port(port: u16, shop: &Shop) -> Self {
        let child = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("XDG_DATA_HOME", shop.home())
            .env("XDG_CACHE_HOME", shop.home())
            .env("XDG_CONFIG_HOME", shop.home())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("WebKitWebDriver is installed: scripts/install.sh e2e");
        Self { child, port }
    }

    /// Waits until it answers. False: it has ended, for its port is somebody else's.
    async fn listens(&mut self) -> bool {
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("it was started").is_none() {
            if answers_as_driver(self.port).is_ok_and(|yes| yes) {
                return true;
            }
            assert!(Instant::now() < until, "WebKitWebDriver does not answer");
            sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

/// A port that is free now. From below those that the system gives to whoever asks for any
/// (32768 and up), for of those one can be given to a hub of another test, or to the very
/// connection that looks whether the driver listens.
fn free_port() -> u16 {
    loop {
        // Two runs of these tests at once begin at two places.
        let first = std::process::id() % 45 * 100;
        let turn = first.wrapping_add(PORTS_ASKED.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + u16::try_from(turn % PORTS).expect("fits, like PORTS");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whether it is a driver that listens there, by its answer to `GET /status`.
fn answers_as_driver(port: u16) -> std::io::Result<bool> {
    let mut line = TcpStream::connect(("127.0.0.1", port))?;
    line.set_read_timeout(Some(PATIENCE))?;
    line.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 512];
    let read = line.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).contains("Server: WebKitWebDriver"))
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // Whatever is gone already needs no end.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
        if std::thread::panicking()
            && let Some(mut stderr) = self.child.stderr.take()
        {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            eprintln!("{text}");
        }
    }
}

/// The desk's window.
pub struct Window {
    page: Client,
    /// What was scanned the last time, and when.
    scanned: Mutex<Option<(String, Instant)>>,
    _driver: Driver,
    _screen: MutexGuard<'static, ()>,
}

impl Window {
    /// Starts the desk on a shop and waits until its first page can be used.
    pub async fn open(shop: &Shop) -> Self {
        let screen = SCREEN.lock().await;
        let driver = Driver::start(shop).await;
        let desk = json!({ "binary": program("PUNCHCARD_DESK"), "args": ["--data", shop.data()] });
        let mut wanted = Capabilities::new();
        wanted.insert("webkitgtk:browserOptions".into(), desk);
        // A script that looks at all of a page takes a busy machine longer than the half minute that
        // the driver allows.
        wanted.insert("timeouts".into(), json!({ "script": 300_000, "pageLoad": 300_000 }));
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("the driver starts the desk");
        let scanned = Mutex::new(None);
        let window = Self { page, scanned, _driver: driver, _screen: screen };
        window.page.execute(LISTEN, vec![]).await.expect("a script runs");
        window.until("the first page", "document.documentElement.dataset.ready === '1'").await;
        window.resize(1366, 768).await;
        window
    }

    /// Starts the desk and signs somebody in.
    pub async fn signed_in(shop: &Shop, role: &str) -> Self {
        let window = Self::open(shop).await;
        window.sign_in(shop, role).await;
        window
    }

    /// Ends the desk. A window that had anything to complain about fails the test.
    pub async fn close(self) {
        let complaints = self.script("return window.complaints").await;
        assert_eq!(complaints, json!([]), "errors of the window");
        self.page.clone().close().await.expect("the session ends");
    }

    /// The page itself, for what only one test does.
    pub fn page(&self) -> &Client {
        &self.page
    }

    // ---- what is on the screen -----------------------------------------------------------------

    /// An element, once it is there.
    pub async fn find(&self, id: &str) -> Element {
        let css = format!("[data-testid=\"{id}\"]");
        let wait = self.page.wait().at_most(PATIENCE).every(Duration::from_millis(20));
        match wait.for_element(Locator::Css(&css)).await {
            Ok(element) => element,
            Err(error) => panic!("no {id}: {error}\n{}", self.everything().await),
        }
    }

    /// All text on the screen.
    pub async fn everything(&self) -> String {
        self.script("return document.body.innerText.replaceAll('\\n', ' | ')")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The text of an element. Read in one go, for a countdown replaces it every second.
    pub async fn text(&self, id: &str) -> String {
        self.find(id).await;
        let read = "return document.querySelector(`[data-testid=\"${arguments[0]}\"]`)?.innerText";
        let text = self.page.execute(read, vec![id.into()]).await.expect("a script runs");
        text.as_str().unwrap_or_default().trim().to_owned()
    }

    /// Waits for a text in an element.
    pub async fn says(&self, id: &str, text: &str) {
        self.find(id).await;
        let holds = format!(
            "document.querySelector('[data-testid=\"{id}\"]')?.innerText.includes({})",
            json!(text)
        );
        self.until(&format!("{id} to say {text}"), &holds).await;
    }

    /// Waits until the line at the foot has said something, be it still there or gone by now. What was
    /// said before it is not waited for any more.
    pub async fn told(&self, text: &str) {
        let text = json!(text);
        let holds = format!(
            "(() => {{
                const at = window.said.findIndex((one) => one.includes({text}));
                return window.said.splice(0, at + 1).length > 0;
            }})()"
        );
        self.until(&format!("the line at the foot to say {text}"), &holds).await;
    }

    /// Whatever the line at the foot has said so far is an answer to nothing that comes now.
    pub async fn hush(&self) {
        self.script("window.said = []").await;
    }

    /// Waits until an element is gone.
    pub async fn gone(&self, id: &str) {
        let holds = format!("!document.querySelector('[data-testid=\"{id}\"]')");
        self.until(&format!("{id} to go"), &holds).await;
    }

    /// Sees that whoever looks at the window sees an element: all of it lies within what is scrolled
    /// to, and nothing lies over it.
    pub async fn in_sight(&self, css: &str) {
        let hidden = self.page.execute(IN_SIGHT, vec![css.into()]).await.expect("a script runs");
        assert_eq!(hidden, json!(""), "{css} is not in sight\n{}", self.everything().await);
    }

    /// The same of what has the focus.
    pub async fn focus_in_sight(&self) {
        self.in_sight(":focus").await;
    }

    /// An attribute of an element.
    pub async fn attribute(&self, id: &str, name: &str) -> Option<String> {
        self.find(id).await.attr(name).await.expect("the element is there")
    }

    /// What an element is painted with.
    pub async fn style(&self, id: &str, property: &str) -> String {
        self.find(id).await.css_value(property).await.expect("the element is there")
    }

    /// A number on the screen.
    pub async fn number(&self, id: &str) -> i64 {
        let text = self.text(id).await;
        let figures: String = text.chars().filter(char::is_ascii_digit).collect();
        figures.parse().unwrap_or_else(|_| panic!("{id} shows {text:?}, which is no number"))
    }

    /// Waits for a number.
    pub async fn shows(&self, id: &str, number: i64) {
        let until = Instant::now() + PATIENCE;
        loop {
            let shown = self.number(id).await;
            if shown == number {
                return;
            }
            assert!(Instant::now() < until, "{id} shows {shown}, not {number}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for an expression to hold in the page.
    pub async fn until(&self, what: &str, expression: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let holds = self.script(&format!("return Boolean({expression})")).await;
            if holds == json!(true) {
                return;
            }
            let late = Instant::now() > until;
            assert!(!late, "waited in vain for {what}\n{}", self.everything().await);
            sleep(Duration::from_millis(30)).await;
        }
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Value {
        self.page.execute(script, vec![]).await.expect("a script runs")
    }

    /// Everything the page holds, hidden or not, and all that it keeps between visits.
    pub async fn source(&self) -> String {
        let kept = self.script("return JSON.stringify([{...localStorage}, location.href])").await;
        self.page.source().await.expect("the page is there") + kept.as_str().unwrap_or_default()
    }

    // ---- what a person does --------------------------------------------------------------------

    /// Presses keys together: the last one while the others are held.
    pub async fn press(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".into());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key });
        }
        for key in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value: *key });
        }
        self.act(actions).await;
    }

    /// Presses one key with a name.
    pub async fn key(&self, key: Key) {
        self.press(&[key.into()]).await;
    }

    /// Presses a letter with Ctrl held.
    pub async fn ctrl(&self, letter: char) {
        self.press(&[Key::Control.into(), letter]).await;
    }

    /// Types a PIN. Nobody looks for a scanner in a box for a secret, so no key has to wait.
    pub async fn type_pin(&self, pin: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in pin.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.act(actions).await;
    }

    /// Types as a person does.
    pub async fn type_slowly(&self, text: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in text.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value })
                .then(KeyAction::Pause { duration: HUMAN });
        }
        self.act(actions).await;
    }

    /// Scans as a scanner does: all keys at once, then Enter. The driver waits for the page after
    /// each key, which a scanner does not: so this begins once the page is at rest. Where the machine stood
    /// still between two keys all the same, that was no scanner: what came of it is put away, and it scans
    /// again.
    pub async fn scan(&self, code: &str) {
        self.as_another_scan(code).await;
        for _ in 0..3 {
            self.script("window.pace = []").await;
            self.keys_of_a_scan(code).await;
            let slowest = "return Math.max(0, ...window.pace.map((at, n) => at - window.pace[Math.max(0, n - 1)]))";
            let slowest = self.script(slowest).await.as_f64().unwrap_or_default();
            if slowest < f64::from(SCANNER_GAP_MS) {
                let now = (code.to_owned(), Instant::now());
                self.scanned.lock().await.replace(now);
                return;
            }
            self.key(Key::Escape).await;
            self.key(Key::Escape).await;
        }
        panic!("this machine is too slow to scan on");
    }

    /// The same code within a second is one scan: whoever means two waits for so long.
    async fn as_another_scan(&self, code: &str) {
        let before = self.scanned.lock().await.clone();
        if let Some((_, at)) = before.filter(|(before, _)| before == code) {
            sleep(ANOTHER_SCAN.saturating_sub(at.elapsed())).await;
        }
    }

    async fn keys_of_a_scan(&self, code: &str) {
        self.page.execute_async(AT_REST, vec![]).await.expect("a script runs");
        let mut actions = KeyActions::new("keyboard".into());
        for value in code.chars().chain([Key::Enter.into()]) {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.act(actions).await;
    }

    async fn act(&self, actions: KeyActions) {
        self.page.perform_actions(actions).await.expect("keys can be pressed");
    }

    /// Puts a text where the cursor is, as an input method does: in one piece. The driver's own
    /// keys lose characters outside the basic plane.
    pub async fn compose(&self, text: &str) {
        let insert = "document.execCommand('insertText', false, arguments[0])";
        self.page.execute(insert, vec![text.into()]).await.expect("a script runs");
    }

    /// Clicks an element.
    pub async fn click(&self, id: &str) {
        let until = Instant::now() + PATIENCE;
        while let Err(error) = self.click_element(self.find(id).await).await {
            // It was replaced between the two, or cannot be used yet: what is under way ends first.
            assert!(Instant::now() < until, "{id} cannot be clicked: {error}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Types a text in the place of whatever stands in a box.
    pub async fn retype(&self, id: &str, text: &str) {
        self.click(id).await;
        self.ctrl('a').await;
        self.compose(text).await;
    }

    /// Clicks what an XPath finds.
    pub async fn click_path(&self, path: &str) {
        let found = self.page.wait().for_element(Locator::XPath(path)).await;
        let element = found.expect("it is on the page");
        self.click_element(element).await.expect("it can be clicked");
    }

    /// Scrolls to it first, as a person does: of what is half in sight the driver takes the middle,
    /// which may be the hidden half.
    async fn click_element(&self, element: Element) -> Result<(), CmdError> {
        let scroll = "arguments[0].scrollIntoView({ block: 'nearest' });
            if (arguments[0].disabled) throw new Error('it is disabled');";
        let which = serde_json::to_value(&element).expect("an element is a name");
        self.page.execute(scroll, vec![which]).await?;
        element.click().await
    }

    /// Signs somebody in with the mouse and the keys.
    pub async fn sign_in(&self, shop: &Shop, role: &str) {
        self.choose(shop.name(role)).await;
        self.type_pin(shop.pin(role)).await;
        self.find("search").await;
    }

    /// Chooses a tile of the lock screen by its name.
    pub async fn choose(&self, name: &str) {
        self.find("lock-screen").await;
        let tile = format!("//button[starts-with(@data-testid,'staff-')][contains(., '{name}')]");
        let tile = self.page.find(Locator::XPath(&tile)).await.expect("everybody has a tile");
        tile.click().await.expect("a tile can be clicked");
        self.pin_box().await;
    }

    /// Waits for the box for a PIN, with the cursor in it where it takes one.
    pub async fn pin_box(&self) {
        let ready = "(() => {
            const box = document.querySelector('[data-testid=pin]');
            return box !== null && (box.disabled || box === document.activeElement); })()";
        self.until("the box for the PIN", ready).await;
    }

    /// Chooses a manager for an approval, and gives a PIN.
    pub async fn approve(&self, shop: &Shop, role: &str) {
        let list = self.find("approval-staff").await;
        list.select_by_label(shop.name(role)).await.expect("they are in the list");
        self.click("approval-pin").await;
        let cursor = "document.activeElement?.dataset.testid === 'approval-pin'";
        self.until("the cursor in the box for the PIN", cursor).await;
        self.type_pin(shop.pin(role)).await;
    }

    /// Looks a member up, by what was composed into the search box.
    pub async fn search(&self, text: &str) {
        self.key(Key::Escape).await;
        self.press(&['/']).await;
        let focus = "document.activeElement?.dataset.testid === 'search'";
        self.until("the cursor in the search box", focus).await;
        self.compose(text).await;
        self.find("result-0").await;
    }

    /// Opens the file of a member.
    pub async fn open_member(&self, text: &str) {
        self.search(text).await;
        self.key(Key::Enter).await;
        self.find("member-page").await;
        self.says("member-name", "").await;
    }

    /// Gives the inside of the window a size.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = format!("innerWidth === {width} && innerHeight === {height}");
        // The driver waits for a change of size, long and in vain where there is none.
        if self.script(&format!("return {size}")).await == json!(true) {
            return;
        }
        self.page.set_window_rect(0, 0, width, height).await.expect("the window has a size");
        self.until("the new size", &size).await;
    }

    /// Waits until what moves has come to rest: what there is now is painted, and nothing of it moves.
    pub async fn at_rest(&self) {
        self.page.execute_async(STILL, vec![]).await.expect("a script runs");
    }

    /// Takes a picture, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        // The driver waits for the next frame, and a page at rest has none: one pixel keeps moving.
        self.script(MOVE_A_PIXEL).await;
        let picture = self.page.screenshot().await.expect("a picture can be taken");
        self.script("document.getElementById('moving-pixel')?.remove()").await;
        picture
    }

    /// Waits for a verdict, and a reason that stands beside it.
    pub async fn verdict(&self, verdict: &str, reason: &str) {
        let holds = format!(
            "document.querySelector('[data-testid=verdict]')?.dataset.verdict === '{verdict}' &&
             document.querySelector('[data-testid=verdict-reason]').innerText.includes('{reason}')"
        );
        self.until(&format!("{verdict} because of {reason}"), &holds).await;
    }

    // ---- past the page -------------------------------------------------------------------------

    /// Asks the shell for a command, as a script in the page would. The error is the shell's.
    pub async fn ask(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let script = "const [command, args, done] = arguments;
            window.__TAURI_INTERNALS__.invoke(command, args).then(
                (answer) => done({ answer }), (error) => done({ error }));";
        let asked = vec![command.into(), arguments];
        let told = self.page.execute_async(script, asked).await.expect("a script runs");
        match told.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(told["answer"].clone()),
        }
    }
}

/// What hides an element, or nothing: its middle is looked at, and that of each of its edges.
const IN_SIGHT: &str = r"
    const one = document.querySelector(arguments[0]);
    if (!one) return 'there is none';
    const box = one.getBoundingClientRect();
    const [left, right] = [box.left + 2, box.right - 2];
    const [top, bottom] = [box.top + 2, box.bottom - 2];
    const [across, down] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const points = [[across, down], [across, top], [across, bottom], [left, down], [right, down]];
    for (const [x, y] of points) {
        const there = document.elementFromPoint(x, y);
        const label = one.closest('label');
        if (!there) return `${one.outerHTML.slice(0, 90)} at ${x} ${y} is outside`;
        if (!one.contains(there) && !(label && label.contains(there))) {
            return `${one.outerHTML.slice(0, 90)} lies under ${there.outerHTML.slice(0, 90)}`;
        }
    }
    return '';
";

/// Answers once two frames are painted and every movement that has an end has ended.
const STILL: &str = r"
    const done = arguments[0];
    const frame = () => new Promise((painted) => requestAnimationFrame(painted));
    const late = new Promise((heard) => setTimeout(heard, 100));
    const ends = ({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime);
    const moves = () => document.getAnimations().filter(ends).map(({ finished }) => finished);
    // A page at rest may paint no frame at all.
    Promise.race([frame().then(frame), late])
        .then(() => Promise.allSettled(moves()))
        .then(() => done());
";

/// Answers once the page has been quick for a while.
const AT_REST: &str = r"
    const done = arguments[0];
    let quick = 0;
    const look = (before) => setTimeout(() => {
        const now = performance.now();
        quick = now - before < 20 ? quick + 1 : 0;
        if (quick === 8) done();
        else look(now);
    }, 5);
    look(performance.now());
";

const MOVE_A_PIXEL: &str = r"
    const pixel = document.createElement('i');
    pixel.id = 'moving-pixel';
    pixel.ariaHidden = 'true';
    Object.assign(pixel.style, { position: 'fixed', right: 0, bottom: 0, width: '1px', height: '1px' });
    document.body.append(pixel);
    let turn = 0;
    const move = () => {
        if (!pixel.isConnected) return;
        turn += 1;
        pixel.style.backgroundColor = `rgb(128 128 128 / 0.0${turn % 2})`;
        requestAnimationFrame(move);
    };
    move();
";

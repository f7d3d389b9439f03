//! The command line tool, as scripts use it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use punchcard_domain::phone_code::code_at;
use punchcard_tests::Shop;
use punchcard_till::{clock, views::RulesInput};
use serde_json::Value;

/// The built tool. `make test` builds it first; where it is missing, that is a failure.
pub fn tool() -> PathBuf {
    let given = std::env::var_os("PUNCHCARD_TILL").map(PathBuf::from);
    let beside = || {
        let test = std::env::current_exe().expect("we run");
        let target = test.parent().and_then(Path::parent).expect("target/debug/deps");
        target.join("punchcard-till")
    };
    let path = given.unwrap_or_else(beside);
    assert!(path.exists(), "{} is missing: build it first (make build)", path.display());
    path
}

fn run(data: &Path, args: &[&str]) -> (i32, Value) {
    let output = Command::new(tool())
        .arg("--data")
        .arg(data)
        .args(["--json", "--keys-in-file"])
        .args(args)
        .output()
        .expect("it starts");
    (output.status.code().unwrap_or(-1), json(&output))
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| {
        unreachable!("one object on standard output, not {text:?} ({:?})", output.stderr)
    })
}

/// A shop made by the tool.
pub fn shop(data: &Path) -> Value {
    let (status, made) = run(
        data,
        &[
            "init",
            "--business",
            "打卡",
            "--store",
            "静安",
            "--demo",
            "--time-zone",
            "Asia/Shanghai",
        ],
    );
    assert_eq!(status, 0, "{made}");
    made
}

#[test]
fn a_script_does_a_days_work() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    let made = shop(&data);
    assert_eq!(made["staff"].as_array().expect("staff").len(), 4);

    let (_, found) = run(&data, &["find", "堃", "--limit", "5"]);
    let member = &found.as_array().expect("a list")[0];
    for key in ["id", "name", "phone", "card", "tier"] {
        assert!(member.get(key).is_some(), "{key} in {member}");
    }
    let id = member["id"].as_str().expect("an id");

    let (status, view) = run(&data, &["check-in", "--card", "10000004"]);
    assert_eq!((status, &view["verdict"]), (0, &"admit".into()));
    let (status, view) = run(&data, &["check-in", "--card", "10000002"]);
    assert_eq!((status, &view["verdict"]), (3, &"refuse".into()));
    assert_eq!(view["reasons"], serde_json::json!(["expired"]));

    let (_, before) = run(&data, &["member", id]);
    let points = &before["points"];
    let here = points["spendable_here"].as_i64().expect("a number");
    assert!(points["on_file"].is_i64() && points["as_of"].is_string(), "{points}");
    let (status, earned) = run(&data, &["earn", "--member", id, "--amount", "128.00"]);
    assert_eq!(status, 0, "{earned}");
    let gained = earned["points"].as_i64().expect("a number");
    assert!(gained >= 128);

    let (_, rewards) = run(&data, &["rewards"]);
    let free = rewards.as_array().expect("a list").iter().find(|reward| reward["cost"] == 0);
    let reward = free.expect("one lets you choose")["id"].as_str().expect("an id").to_owned();
    let redeem = ["redeem", "--member", id, "--reward", &reward, "--points", "37"];
    let (status, redeemed) = run(&data, &redeem);
    assert_eq!((status, redeemed["points"].as_i64()), (0, Some(-37)), "{redeemed}");
    let (_, after) = run(&data, &["member", id]);
    assert_eq!(after["points"]["spendable_here"], here + gained - 37);

    let fact = redeemed["fact"].as_str().expect("an id");
    assert_eq!(run(&data, &["void", fact]).0, 0);
    let (status, again) = run(&data, &["void", fact]);
    assert_eq!((status, &again["error"]["code"]), (3, &"already_voided".into()));

    let adjust = ["adjust", "--member", id, "--points", "-5", "--reason", "多给了"];
    let (status, taken) = run(&data, &adjust);
    assert_eq!((status, &taken["points"]), (0, &(-5).into()), "{taken}");
    let (_, others) = run(&data, &["find", "喆", "--limit", "9"]);
    let others = others.as_array().expect("a list").iter().map(|found| &found["id"]);
    let other = others.filter_map(Value::as_str).find(|other| *other != id).expect("another one");
    let give = ["transfer-points", "--from", id, "--to", other, "--points", "7"];
    let (status, given) = run(&data, &give);
    assert_eq!((status, &given["points"]), (0, &(-7).into()), "{given}");
    let fact = given["fact"].as_str().expect("an id");
    assert_eq!(run(&data, &["void", fact]).0, 0);

    let too_many = ["redeem", "--member", id, "--reward", &reward, "--points", "99999999"];
    let (status, short) = run(&data, &too_many);
    assert_eq!((status, &short["error"]["code"]), (3, &"points_short".into()));

    let (status, verified) = run(&data, &["verify"]);
    assert_eq!((status, &verified["ok"]), (0, &true.into()));
    let (_, digest) = run(&data, &["digest"]);
    let (_, rebuilt) = run(&data, &["rebuild"]);
    assert_eq!((&rebuilt["same"], &rebuilt["after"]), (&true.into(), &digest["digest"]));
    let (_, log) = run(&data, &["log", "--after", "3"]);
    assert_eq!(log["entries"][0]["seq"], 4);
}

/// What is set as JSON is an argument of its own, beside `--json`, which says how to answer.
#[test]
fn a_file_and_the_house_rules_are_set_by_script() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    shop(&data);
    let asked =
        r#"{"name": "欧阳小雨", "phone": "13912340000", "cards": ["90000001"], "note": "左手"}"#;
    let (status, opened) = run(&data, &["register", asked]);
    assert_eq!(status, 0, "{opened}");
    let member = opened["id"].as_str().expect("an id").to_owned();
    let change = |json: &str| run(&data, &["change", "--member", &member, json]);
    let (status, changed) = change(r#"{"cards": ["90000002", "90000001"], "note": ""}"#);
    assert_eq!(status, 0, "{changed}");
    let (_, found) = run(&data, &["find", "90000002"]);
    assert_eq!(found[0]["id"], member.as_str());
    assert_eq!(found[0]["name"], "欧阳小雨", "what was not said stays");
    let (status, slip) = change(r#"{"crads": []}"#);
    assert_eq!((status, &slip["error"]["code"]), (2, &"bad_input".into()), "{slip}");

    let (status, _) = run(&data, &["ban", "--member", &member, "--reason", "损坏器材"]);
    assert_eq!(status, 0);
    let (status, view) = run(&data, &["check-in", "--card", "90000001"]);
    assert_eq!((status, &view["reasons"]), (3, &serde_json::json!(["no_pass", "banned"])));
    assert_eq!(run(&data, &["ban", "--member", &member, "--lift"]).0, 0);
    let (_, view) = run(&data, &["check-in", "--card", "90000001"]);
    assert_eq!(view["reasons"], serde_json::json!(["no_pass"]));

    let (_, rules) = run(&data, &["house-rules"]);
    let (status, set) = run(&data, &["house-rules", r#"{"trust_limit": 77}"#]);
    assert_eq!((status, &set["trust_limit"]), (0, &77.into()), "{set}");
    let (_, now) = run(&data, &["house-rules"]);
    assert_eq!((&now["trust_limit"], &now["few_visits"]), (&77.into(), &rules["few_visits"]));
    let (status, refused) = run(&data, &["house-rules", r#"{"trust_limit": -1}"#]);
    assert_eq!((status, &refused["error"]["code"]), (3, &"bad_input".into()), "{refused}");

    let fields = r#"[{"key": "locker", "name": "柜号", "kind": "number"}]"#;
    let (status, set) = run(&data, &["own-fields", fields]);
    assert_eq!((status, &set[0]["key"]), (0, &"locker".into()), "{set}");
    let write = |value: &str| {
        let json = format!(r#"{{"custom": {{"locker": "{value}"}}}}"#);
        run(&data, &["details", "--member", &member, &json]).0
    };
    assert_eq!((write("twelve"), write("12")), (3, 0));
}

#[test]
fn settings_are_given_as_json() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    shop(&data);
    let numbers = r#"{"prefix":"88","digits":6,"block":100}"#;
    let kind = r#"{"name":"周卡","days":7,"visits":null,"price_minor":9900,"active":true}"#;
    for args in [["card-numbers", numbers], ["set-pass-type", kind], ["alerts", r#"{"levels":{}}"#]]
    {
        let (status, answer) = run(&data, &args);
        assert_eq!(status, 0, "{args:?}: {answer}");
    }
    let drawn = [0, 1].map(|_| run(&data, &["new-card-number"]));
    assert!(drawn.iter().all(|(status, _)| *status == 0), "{drawn:?}");
    assert_ne!(drawn[0].1["number"], drawn[1].1["number"]);
    assert_eq!(run(&data, &["card-numbers", "null"]).0, 0);
    assert_eq!(run(&data, &["new-card-number"]).0, 3, "they are printed elsewhere");
}

#[test]
fn a_phone_is_set_up_and_its_code_redeems() {
    let mut shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    shop.earn(&member, "100.00");
    let reward = shop.reward("耳机", 10);
    let rules = shop.till().rules().expect("there are rules");
    let rules = RulesInput { code_above: Some(9), ..rules };
    shop.till().save_rules(&shop.owner(), rules).expect("the owner may");
    shop.close();
    let data = shop.folder();
    let redeem = ["redeem", "--member", &member, "--reward", &reward];
    let told = |more: &[&str]| {
        let (status, told) = run(&data, &[&redeem, more].concat());
        (status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&[]), (3, "no_code_set".into()));
    let (status, made) = run(&data, &["totp", "--member", &member]);
    let secret = made["secret"].as_str().expect("it is shown this once");
    assert_eq!((status, secret.len()), (0, 32), "{made}");
    let uri = made["uri"].as_str().expect("what a phone reads");
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret), "{uri}");
    assert_eq!(told(&[]), (3, "code_needed".into()));
    let code = code_at(secret, clock::now_ms()).expect("a secret");
    assert_eq!(told(&["--code", &code]), (0, String::new()));
    assert_eq!(told(&["--code", &code]), (3, "code_used".into()));
    assert_eq!(told(&["--no-code"]), (0, String::new()), "the owner answers for it");
}

#[test]
fn a_backup_is_restored_and_vouched_for_by_a_managers_pin() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    let made = shop(&data);
    let pin = |role: &str| {
        let staff = made["staff"].as_array().expect("staff");
        let person = staff.iter().find(|person| person["role"] == role).expect("one of each");
        person["pin"].as_str().expect("a PIN").to_owned()
    };
    let backup = dir.path().join("b.punchcard");
    let file = backup.to_str().expect("UTF-8");
    assert_eq!(run(&data, &["backup", file]).0, 0);
    let (status, restored) = run(&data, &["restore", file]);
    assert_eq!((status, &restored["distrust"]), (0, &"restored".into()));
    assert_eq!(run(&data, &["verify"]).0, 4);
    assert_eq!(run(&data, &["vouch"]).0, 2, "a PIN is needed");
    let (status, refused) = run(&data, &["vouch", "--pin", &pin("cashier")]);
    assert_eq!((status, &refused["error"]["code"]), (3, &"approval_needed".into()));
    assert_eq!(run(&data, &["vouch", "--pin", &pin("manager")]).0, 0);
    assert_eq!(run(&data, &["verify"]).0, 0);
    let (status, refused) = run(&data, &["backup", file, "--pin", &pin("receptionist")]);
    assert_eq!((status, &refused["error"]["code"]), (3, &"approval_needed".into()));
}

#[test]
fn a_person_is_erased_by_a_managers_pin_and_stays_so() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    let made = shop(&data);
    let pin = |role: &str| {
        let staff = made["staff"].as_array().expect("staff");
        let person = staff.iter().find(|person| person["role"] == role).expect("a demo shop");
        person["pin"].as_str().expect("a PIN").to_owned()
    };
    let (_, found) = run(&data, &["find", "堃", "--limit", "5"]);
    let member = found[0]["id"].as_str().expect("an id").to_owned();
    run(&data, &["earn", "--member", &member, "--amount", "10.00"]);
    let file = dir.path().join("older.punchcard");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(run(&data, &["backup", file]).0, 0);

    let erase = ["erase", "--member", &member];
    let told = |args: &[&str], pin: &str| {
        let (status, told) = run(&data, &[args, &["--pin", pin]].concat());
        (status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&erase, &pin("cashier")), (3, "approval_needed".into()));
    assert_eq!(told(&erase, &pin("manager")), (3, "value_on_file".into()));
    let forfeit = [&erase[..], &["--forfeit"]].concat();
    assert_eq!(told(&forfeit, &pin("manager")), (0, String::new()));
    assert_eq!(told(&forfeit, &pin("manager")), (3, "erased".into()));
    let gone = || {
        let (_, found) = run(&data, &["find", "堃", "--limit", "9"]);
        assert!(found.as_array().expect("a list").iter().all(|one| one["id"] != member.as_str()));
        assert_eq!(run(&data, &["member", &member]).1["error"]["code"], "erased");
    };
    gone();
    assert_eq!(run(&data, &["verify"]).0, 0);
    assert_eq!(run(&data, &["restore", file]).0, 0);
    gone();
}

#[test]
fn what_is_not_understood_is_usage() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    let (status, error) = run(&data, &["verify"]);
    assert_eq!((status, &error["error"]["code"]), (2, &"not_set_up".into()));
    shop(&data);
    let (status, error) = run(&data, &["frobnicate"]);
    assert_eq!((status, &error["error"]["code"]), (2, &"usage".into()));
    let (status, error) = run(&data, &["check-in", "--phone", "abc"]);
    assert_eq!((status, &error["error"]["code"]), (2, &"bad_phone".into()));
    let (status, error) = run(&data, &["import", "/nowhere.csv"]);
    assert_eq!((status, &error["error"]["code"]), (2, &"bad_file".into()));
    let (status, error) = run(&data, &["member", "nobody"]);
    assert_eq!((status, &error["error"]["code"]), (2, &"bad_input".into()));
}

/// Fills a disk of six megabytes, frees it, and looks.
const FULL_DISK: &str = r#"
    set -e
    mount -t tmpfs -o size=6m none "$1"
    "$2" --data "$1/t" --json --keys-in-file init --business a --store b --demo >/dev/null
    dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null || true
    member=$("$2" --data "$1/t" find 10000004 | cut -d' ' -f1)
    for i in $(seq 300); do echo "earn --member $member --amount 10"; done > "$3/cmds"
    "$2" --data "$1/t" batch < "$3/cmds" > "$3/full" || true
    echo "find 10000004" | "$2" --data "$1/t" batch > "$3/found"
    rm "$1/filler"
    "$2" --data "$1/t" batch < "$3/cmds" > "$3/after"
    "$2" --data "$1/t" --json verify > "$3/verify"
"#;

/// Ways to get a mount of our own, where we may: as root, in a user namespace, by sudo.
fn ways_to_mount() -> Vec<Vec<&'static str>> {
    let mut ways = vec![vec!["unshare", "-r", "-m"], vec!["sudo", "-n", "unshare", "-m"]];
    if is_root() {
        ways.insert(0, vec!["unshare", "-m"]);
    }
    ways
}

fn may_mount(way: &[&str]) -> bool {
    let (program, args) = way.split_first().expect("a command");
    let probe = "mount -t tmpfs none /mnt";
    let tried = Command::new(program).args(args).args(["sh", "-c", probe]).output();
    tried.is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_refuses_and_nothing_is_half_written() {
    let Some(way) = ways_to_mount().into_iter().find(|way| may_mount(way)) else {
        // No disk of our own on this machine: the same by a limit on the database's pages.
        return full_by_a_limit();
    };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).expect("made");
    let (program, args) = way.split_first().expect("a command");
    let mut command = Command::new(program);
    command.args(args).args(["sh", "-c", FULL_DISK, "sh"]);
    let output = command.arg(&disk).arg(tool()).arg(dir.path()).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = |name: &str| -> Vec<Value> {
        let text = std::fs::read_to_string(dir.path().join(name)).expect("written");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let full = lines("full");
    let refused = full.iter().filter(|line| line["error"]["code"] == "disk_full").count();
    let done = full.iter().filter(|line| line["fact"].is_string()).count();
    assert!(refused > 0 && refused + done == full.len(), "{refused} refused, {done} done");
    assert_eq!(lines("found")[0].as_array().expect("a list").len(), 1, "it can still be read");
    let after = lines("after");
    assert!(after.iter().all(|line| line["fact"].is_string()), "{:?}", after.last());
    assert_eq!(lines("verify")[0]["ok"], true);
}

/// SQLite answers a page too many as it answers a full disk.
#[test]
fn full_by_a_limit() {
    let mut shop = Shop::new();
    let member = shop.member("林知夏", 1).brief.id;
    shop.close();
    shop.options.most_pages = Some(60);
    shop.reopen();
    let mut done = 0;
    let error = loop {
        match shop.till().earn(&shop.owner(), punchcard_tests::id(&member), "1") {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 5000, "sixty pages hold no five thousand entries");
    };
    assert_eq!(error.code(), "disk_full");
    assert_eq!(shop.points(&member), (done, done, 0), "all that was told, and no more");
    shop.verify();
    shop.close();
    shop.options.most_pages = None;
    shop.reopen();
    shop.earn(&member, "1");
    assert_eq!(shop.points(&member).0, done + 1);
    shop.verify();
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("coreutils are there");
    id.stdout.trim_ascii() == b"0"
}

//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use punchcard_hub::settings::Layer;

/// The central server with which each till of a business syncs.
///
/// Needs no set-up: `punchcard-hub serve` makes its database and its certificate, and
/// `punchcard-hub pair` a code for a till. Each setting is taken from the command line, then from
/// the environment (the name in brackets), then from --config.
/// Exit status: 0 done, 1 broken, 2 usage, 3 refused, 4 damaged.
#[derive(Parser)]
#[command(name = "punchcard-hub", version)]
pub(crate) struct Args {
    /// sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [PUNCHCARD_HUB_DATABASE; PUNCHCARD_HUB_REPLICA
    /// names a server that follows it and answers pulls]. Left out: a file
    /// in this user's data folder. Others on this machine can read a command line: give a
    /// password in the environment or in --config.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// A JSON file with any of: database, replica, listen, tls, tls_cert, tls_key, advertise, metrics,
    /// backup_to, backup_hour, backup_keep, backup_passphrase, backup_passphrase_file, nats_url,
    /// nats_stream, nats_creds, nats_ca, log.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A file with the passphrase of backups [PUNCHCARD_HUB_BACKUP_PASSPHRASE_FILE, or
    /// PUNCHCARD_HUB_BACKUP_PASSPHRASE for the passphrase itself].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<String>,
    /// Print one JSON object (errors too) instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server until it is interrupted. The log goes to standard error:
    /// PUNCHCARD_HUB_LOG=info, or json,info.
    Serve(Serve),
    /// Branches of the business.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Make a code with which one till joins, once.
    Pair(Pair),
    /// Tills of the business.
    #[command(subcommand)]
    Till(TillCommand),
    /// Whose members each store reads: everyone's (small chains), or its own and recent visitors'.
    Follow {
        /// Which.
        follow: Follow,
    },
    /// What waits for the owner.
    Inbox,
    /// Say that something in the inbox was looked at.
    Settle {
        /// Its id, or what it begins with: see `inbox`.
        id: String,
        /// Whether what it is about holds.
        how: Settle,
    },
    /// Does the database hold together?
    Verify,
    /// One hash over all folded tables.
    Digest,
    /// Clear free space of what was erased now; `serve` does it in the night. Whoever wants to write
    /// waits meanwhile.
    Scrub,
    /// Write a backup, encrypted with a passphrase, and read it back.
    Backup(Backup),
    /// Put a backup into an empty database. Whatever is missing comes back from the tills.
    Restore(Restore),
}

#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Backup {
    /// The folder [PUNCHCARD_HUB_BACKUP_TO].
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<String>,
    /// Everything, instead of what came since the last one.
    #[arg(long)]
    pub(crate) full: bool,
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
}

#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// Read every backup in a folder: is each whole, and what is in it?
    Verify {
        /// The folder.
        dir: PathBuf,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Restore {
    /// The folder of backups.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// Up to this backup in it. Left out: the newest.
    #[arg(long, value_name = "NAME")]
    pub(crate) at: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Serve {
    /// Address and port [PUNCHCARD_HUB_LISTEN]. Left out: 127.0.0.1:8787, this machine alone;
    /// 0.0.0.0:8787 for the whole network.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// How calls are encrypted [PUNCHCARD_HUB_TLS]: auto, with a certificate that the hub signs
    /// itself and tills know by pairing; files, with yours; off, not at all: for behind a proxy.
    #[arg(long, value_name = "auto|off|files")]
    pub(crate) tls: Option<String>,
    /// PEM: your certificate, and those between it and the root [PUNCHCARD_HUB_TLS_CERT].
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<String>,
    /// PEM: its key [PUNCHCARD_HUB_TLS_KEY].
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<String>,
    /// The address under which tills reach the hub [PUNCHCARD_HUB_ADVERTISE].
    #[arg(long, value_name = "URL")]
    pub(crate) advertise: Option<String>,
    /// Who may read /metrics [PUNCHCARD_HUB_METRICS]: loopback, this machine alone; any, whoever
    /// reaches the port.
    #[arg(long, value_name = "loopback|any")]
    pub(crate) metrics: Option<String>,
    /// Make a backup into this folder every day [PUNCHCARD_HUB_BACKUP_TO].
    #[arg(long, value_name = "DIR")]
    pub(crate) backup_to: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Open a branch.
    Add {
        /// What people call it.
        name: String,
        /// IANA name; the machine's where it is not given.
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// All branches, with their ids.
    List,
}

#[derive(ClapArgs)]
pub(crate) struct Pair {
    /// The store at which the till stands: its id, or what it begins with. Left out: the one at
    /// which it stood so far.
    #[arg(long, value_name = "ID")]
    pub(crate) store: Option<String>,
    /// Write the QR code to this file too.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) qr: Option<PathBuf>,
    /// The address under which tills reach the hub [PUNCHCARD_HUB_ADVERTISE].
    #[arg(long, value_name = "URL")]
    pub(crate) advertise: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum TillCommand {
    /// All tills, with their ids.
    List,
    /// A till no longer belongs to the business: what it does from now on does not count.
    Revoke {
        /// Its id, or what it begins with.
        id: String,
    },
    /// Take back what a lost till holds. What it spent meanwhile is overdrawn then, and is
    /// attributed to it once it is seen again.
    Reclaim {
        /// Its id, or what it begins with.
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Follow {
    /// Every store reads all members.
    Everyone,
    /// Every store reads its own.
    Own,
}

impl Follow {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Own => "own",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Settle {
    /// It holds; what was frozen is free.
    Accept,
    /// It does not.
    Reject,
}

impl Args {
    /// What the command line says of the settings.
    pub(crate) fn layer(&self) -> Layer {
        let layer = Layer {
            database: self.database.clone(),
            backup_passphrase_file: self.passphrase_file.clone(),
            ..Layer::default()
        };
        match &self.command {
            Command::Serve(serve) => Layer {
                listen: serve.listen.clone(),
                tls: serve.tls.clone(),
                tls_cert: serve.tls_cert.clone(),
                tls_key: serve.tls_key.clone(),
                advertise: serve.advertise.clone(),
                metrics: serve.metrics.clone(),
                backup_to: serve.backup_to.clone(),
                ..layer
            },
            Command::Backup(backup) => Layer { backup_to: backup.to.clone(), ..layer },
            Command::Pair(pair) => Layer { advertise: pair.advertise.clone(), ..layer },
            _ => layer,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split(' '))
    }

    fn read(line: &str) -> Args {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn the_command_line_is_well_made() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_said_of_the_settings_comes_through() {
        let args = read(
            "punchcard-hub --json serve --listen 0.0.0.0:1 --tls off --database sqlite:/tmp/a.db",
        );
        let layer = args.layer();
        assert!(args.json);
        assert_eq!(layer.listen.as_deref(), Some("0.0.0.0:1"));
        assert_eq!(layer.tls.as_deref(), Some("off"));
        assert_eq!(layer.database.as_deref(), Some("sqlite:/tmp/a.db"));
        assert_eq!(layer.advertise, None);
        let layer = read("punchcard-hub pair --advertise https://hub").layer();
        assert_eq!(layer.advertise.as_deref(), Some("https://hub"));
    }

    #[test]
    fn every_command_is_read() {
        for line in [
            "punchcard-hub serve",
            "punchcard-hub store add Mitte --time-zone Europe/Berlin",
            "punchcard-hub store list",
            "punchcard-hub pair --store 0199 --qr a.svg",
            "punchcard-hub till list",
            "punchcard-hub till revoke 0199",
            "punchcard-hub till reclaim 0199",
            "punchcard-hub follow own",
            "punchcard-hub inbox",
            "punchcard-hub settle 7 accept",
            "punchcard-hub verify --json",
            "punchcard-hub digest",
            "punchcard-hub backup --to /backups --full --passphrase-file /secret",
            "punchcard-hub backup",
            "punchcard-hub backup verify /backups",
            "punchcard-hub restore --from /backups --database sqlite:/new.db",
            "punchcard-hub restore --from /backups --at hub-1.punchcard",
        ] {
            read(line);
        }
    }

    #[test]
    fn what_is_not_a_command_is_refused() {
        for line in [
            "punchcard-hub",
            "punchcard-hub till",
            "punchcard-hub follow some",
            "punchcard-hub settle 7",
            "punchcard-hub verify --listen 0.0.0.0:1",
            "punchcard-hub backup --full verify /backups",
            "punchcard-hub restore",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn every_setting_is_in_the_help() {
        let help = Args::command().render_long_help().to_string();
        let serve = Args::command()
            .find_subcommand_mut("serve")
            .expect("there")
            .render_long_help()
            .to_string();
        for name in
            ["LISTEN", "DATABASE", "TLS", "TLS_CERT", "TLS_KEY", "ADVERTISE", "LOG", "BACKUP_TO"]
        {
            let name = format!("PUNCHCARD_HUB_{name}");
            assert!(help.contains(&name) || serve.contains(&name), "{name}");
        }
    }
}

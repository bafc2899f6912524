//! What a provider that is a program costs: `plan` of one object beside the provider's own start, and beside Terraform.
//!
//! The provider's own start is what nobody can do without who talks to it as Terraform does: from the start of its process
//! to its first line, certificate included. The rows below show what its start costs without a certificate, and the
//! shortest visit there is in the same ways: start, one call for the schemas, end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use wire::grpc::Channel;
use wire::handshake::{CLIENT_CERTIFICATE_VARIABLE, COOKIE, COOKIE_VARIABLE, Handshake, VERSIONS_VARIABLE};
use wire::messages::{Empty, GetProviderSchemaResponse};
use wire::protocol::{Rpc, Version, plugin_path};
use wire::tls::{Credentials, server_name};

use crate::Benchmark;

/// Of the provider's own start.
const START_RATIO_MAX: f64 = 1.2;

/// Of what Terraform takes for the same plan.
const TERRAFORM_RATIO_MAX: f64 = 0.7;

/// Runs of everything, in turn; short runs differ a lot.
const RUNS: usize = 25;

/// What is planned.
const CONFIGURATION: &str = "resource \"random_id\" \"a\" {\n  byte_length = 4\n}\n";

/// Times of everything.
#[derive(Default)]
struct Times {
    gantry: Vec<Duration>,
    terraform: Vec<Duration>,
    start: Vec<Duration>,
    start_clear: Vec<Duration>,
    visit: Vec<Duration>,
    visit_clear: Vec<Duration>,
}

impl Benchmark {
    /// Plans one object of a real provider.
    pub(crate) fn plugins(&self, missed: &mut Vec<String>) -> Result<(), String> {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers/terraform-provider-random");
        if !program.is_file() {
            println!("skipped: plugins: {} is not there; .ci/run installs it\n", program.display());
            return Ok(());
        }
        let folder = self.folder.path().join("plugins");
        prepare(&folder, &program).map_err(|error| format!("{}: {error}", folder.display()))?;
        // The first run keeps the schemas.
        plan(&self.gantry, &folder)?;
        let mut times = Times::default();
        for _ in 0..RUNS {
            times.gantry.push(plan(&self.gantry, &folder)?);
            if let Some(terraform) = &self.terraform {
                times.terraform.push(plan(terraform, &folder)?);
            }
            for (is_encrypted, starts, visits) in
                [(true, &mut times.start, &mut times.visit), (false, &mut times.start_clear, &mut times.visit_clear)]
            {
                let (start, visit) = visit(&program, is_encrypted)?;
                starts.push(start);
                visits.push(visit);
            }
        }
        times.report(missed);
        Ok(())
    }
}

impl Times {
    fn report(mut self, missed: &mut Vec<String>) {
        println!("{:<52}{:>10}{:>10}", "plan of one random_id", "lowest ms", "median ms");
        let row = |what: &str, times: &mut Vec<Duration>| {
            times.sort_unstable();
            let (Some(lowest), Some(median)) = (times.first(), times.get(times.len() / 2)) else { return None };
            let (lowest, median) = (lowest.as_secs_f64() * 1e3, median.as_secs_f64() * 1e3);
            println!("{what:<52}{lowest:>10.1}{median:>10.1}");
            Some((lowest, median))
        };
        let gantry = row("gantry plan", &mut self.gantry);
        let terraform = row("terraform plan", &mut self.terraform);
        let start = row("the provider's own start, with its certificate", &mut self.start);
        row("the same in the clear", &mut self.start_clear);
        row("start, schemas, end: encrypted", &mut self.visit);
        row("start, schemas, end: in the clear", &mut self.visit_clear);
        let pairs = [
            ("the provider's own start", start, START_RATIO_MAX),
            ("Terraform's time", terraform, TERRAFORM_RATIO_MAX),
        ];
        for (what, other, limit) in pairs {
            let (Some(gantry), Some(other)) = (gantry, other) else { continue };
            // Whatever else the machine does can only make a run slower, and it does so to the longer one more often.
            let (lowest, median) = (gantry.0 / other.0, gantry.1 / other.1);
            println!("{:<52}{lowest:>10.2}{median:>10.2}", format!("gantry plan, of {what} (target {limit})"));
            if lowest > limit {
                missed.push(format!("plan of one random_id takes {lowest:.2} of {what}; the target is {limit}"));
            }
        }
        println!();
    }
}

fn prepare(folder: &Path, program: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("main.tf"), CONFIGURATION)?;
    let programs = program.parent().unwrap_or(folder).display().to_string();
    let settings = format!(
        "provider_installation {{\n  dev_overrides {{\n    \"hashicorp/random\" = {programs:?}\n  }}\n  direct {{}}\n}}\n"
    );
    std::fs::write(folder.join("cli.tfrc"), settings)
}

/// Plans with a program, and returns how long that took.
fn plan(program: &OsStr, folder: &Path) -> Result<Duration, String> {
    let mut command = Command::new(program);
    command.arg("plan").current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env("TF_CLI_CONFIG_FILE", folder.join("cli.tfrc")).env("XDG_CACHE_HOME", folder.join("cache"));
    command.env("CHECKPOINT_DISABLE", "1");
    let begun = Instant::now();
    let output = command.output().map_err(|error| error.to_string())?;
    let time = begun.elapsed();
    match output.status.success() {
        true => Ok(time),
        false => Err(format!("{} plan fails: {}", program.display(), String::from_utf8_lossy(&output.stderr))),
    }
}

/// Starts a provider, asks for its schemas and lets it end; returns the times to its first line and to its end.
fn visit(program: &Path, is_encrypted: bool) -> Result<(Duration, Duration), String> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let own = Credentials::generate(now).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.env(COOKIE_VARIABLE, COOKIE).env(VERSIONS_VARIABLE, "5,6").env("TF_LOG_SDK", "ERROR");
    if is_encrypted {
        command.env(CLIENT_CERTIFICATE_VARIABLE, own.certificate_pem());
    }
    let begun = Instant::now();
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    let output = process.stdout.take().ok_or("no output")?;
    BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
    let start = begun.elapsed();
    let greeting = Handshake::parse(&line)?;
    let work = async {
        let stream = UnixStream::connect(greeting.address.place()).await.map_err(|error| error.to_string())?;
        match greeting.certificate {
            Some(theirs) => {
                let connector = TlsConnector::from(own.for_client(&theirs).map_err(|error| error.to_string())?);
                let stream = connector.connect(server_name(), stream).await.map_err(|error| error.to_string())?;
                talk(Channel::open(stream).await.map_err(|error| error.to_string())?).await
            }
            None => talk(Channel::open(stream).await.map_err(|error| error.to_string())?).await,
        }
    };
    wire::plugin::block_on(work).map_err(|error| error.to_string())??;
    process.wait().map_err(|error| error.to_string())?;
    Ok((start, begun.elapsed()))
}

async fn talk((channel, work): (Channel, impl Future<Output = ()> + Send + 'static)) -> Result<(), String> {
    tokio::spawn(work);
    let path = Rpc::GetProviderSchema.path(Version::V5);
    let answer = channel.call::<GetProviderSchemaResponse>(path, &Empty {}).await;
    // Its end may overtake the answer.
    let _ = channel.call::<Empty>(plugin_path::SHUTDOWN, &Empty {}).await;
    answer.map(drop).map_err(|status| status.message)
}

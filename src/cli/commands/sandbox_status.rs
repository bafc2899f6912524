//! `sandbox status`: what there is in the sandbox, and where it is served.

use serde_json::{Value as Json, json};

use super::Run;
use crate::sandboxes::{Asked, FolderArgs};
use crate::{Exit, Session};

/// Show what there is in the sandbox, what time it is there, and where it is served.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "sandbox status";

    fn run(self, session: &mut Session) -> Exit {
        self.show(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn show(&self, session: &mut Session) -> Result<Exit, Exit> {
        let folder = self.folder.folder(session);
        let mut status = json!({"folder": folder.path(), "objects": {}, "served": null});
        if folder.path().join("lock").exists() {
            let asked = Asked::find(session, &folder)?;
            let found = asked.perform(session, ("GET", "status"), &Json::Null)?;
            if let (Some(status), Json::Object(found)) = (status.as_object_mut(), found) {
                status.extend(found);
            }
            if let Some(served) = asked.served() {
                status["served"] = json!({
                    "aws": format!("http://{}", served.plain),
                    "kubernetes": format!("https://{}/clusters/", served.secure),
                    "process": served.process,
                });
            }
        }
        let text = if self.json { format!("{status:#}\n") } else { text(&status) };
        session.ui.out.print(&text);
        Ok(Exit::SUCCESS)
    }
}

fn text(status: &Json) -> String {
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let folder = word(&status["folder"]);
    if status["clock"].is_null() {
        return format!("There is no sandbox in {folder} yet.\n");
    }
    let mut text = format!("The sandbox in {folder}\n\n");
    match status["served"].as_object() {
        Some(served) => text.push_str(&format!(
            "  AWS         {}\n  Kubernetes  {}NAME\n",
            word(&served["aws"]),
            word(&served["kubernetes"])
        )),
        None => text.push_str("  Nobody serves it.\n"),
    }
    text.push_str(&format!(
        "  Time        {}, {} times as fast as ours\n  Under way   {}\n  Faults      {}\n",
        word(&status["clock"]["time"]),
        status["clock"]["speed"],
        status["under_way"],
        status["faults"]
    ));
    let objects: Vec<(&String, &Json)> = status["objects"].as_object().into_iter().flatten().collect();
    if objects.is_empty() {
        text.push_str("\nThere is nothing in it.\n");
        return text;
    }
    let width = objects.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    text.push('\n');
    for (name, count) in objects {
        text.push_str(&format!("  {name:width$}  {count}\n"));
    }
    text
}

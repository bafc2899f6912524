//! The version of a cluster: never lower, and one higher at a time.

use aws_sdk_eks::types::InsightStatusValue;
use sdk::Problem;
use sdk::value::{Type, Value};

use super::cluster_route;
use super::rules::minor;
use super::update::Begun;
use crate::cloud::At;
use crate::fault::{Fault, fault};
use crate::fields::{flag, part, text};
use crate::managed::{Done, Draft, Work};
use crate::polling::while_passing;

/// Plans a change of version: never back, and one after the other.
pub(super) async fn plan(draft: &mut Draft<'_>) {
    if !draft.changes("version") || !draft.response.requires_replace.is_empty() {
        return;
    }
    let unknown = Value::unknown(Type::String);
    let (prior, planned) = (text(&draft.request.prior, "version"), text(&draft.response.planned, "version"));
    let (Some(prior), Some(planned)) = (prior, planned) else {
        draft.set(&[("platform_version", unknown)]);
        return;
    };
    let (Some(from), Some(to)) = (minor(&prior), minor(&planned)) else { return };
    if to < from {
        let detail = format!(
            "The cluster runs {prior}, and {planned} is configured. EKS goes on to the next version by itself when support ends, and \
             Gantry does not go back: the version stays. Configure {prior}."
        );
        draft.response.problems.push(Problem::warning("Version is ahead", detail).at("version"));
        draft.set(&[("version", prior.as_str().into())]);
        if draft.response.planned == draft.request.prior {
            draft.response.requires_replace.clear();
        }
        return;
    }
    draft.set(&[("platform_version", unknown)]);
    if let Some(problem) = unheard_of(draft, &planned).await {
        draft.response.problems.push(problem);
    }
    let Some(session) = draft.session.clone() else { return };
    let at = At::of(session, &draft.request.prior);
    let name = text(&draft.request.prior, "name").unwrap_or_default();
    match cluster_route::find(&at, &name, (from, to)).await {
        Ok(legs) => draft.response.private = cluster_route::write(&legs),
        Err(problem) => draft.response.problems.push(problem),
    }
}

/// Says that EKS does not have a version, if it can be asked and knows.
pub(super) async fn unheard_of(draft: &Draft<'_>, version: &str) -> Option<Problem> {
    let at = At::of(draft.session.clone()?, &draft.response.planned);
    let call = at.eks().describe_cluster_versions().include_all(true);
    let found = call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.ok()?;
    let known: Vec<&str> = found.iter().filter_map(|found| found.cluster_version.as_deref()).collect();
    if known.is_empty() || known.contains(&version) {
        return None;
    }
    let detail = format!("EKS has the versions {}, and not {version}.", known.join(", "));
    Some(Problem::error("Unknown version", detail).at("version"))
}

/// Takes the control plane to the next version.
pub(super) async fn raise(work: &Work<'_>, name: &str, next: u32) -> Done<()> {
    let what = format!("cluster {name}: version 1.{next}");
    let request = work
        .at
        .eks()
        .update_cluster_version()
        .name(name)
        .version(format!("1.{next}"))
        .set_force(flag(&work.planned, "force_update_version"))
        .client_request_token(format!("{}-1.{next}", work.token));
    let call = || {
        let request = request.clone();
        async move { request.send().await.map_err(fault) }
    };
    let begun = while_passing(work.waiting(), Fault::is_busy, call).await;
    let update = match begun {
        Ok(answer) => answer.update,
        Err(fault) if fault.is("InvalidStateException") => return Err(against(work, name, next, &fault).await),
        Err(fault) => return Err(fault.problem(&format!("Updating the cluster {name:?} to 1.{next}"))),
    };
    Begun::of(update, Begun { cluster: name.to_owned(), what, ..Begun::default() })?.finish(work).await
}

/// Says what EKS's insights have against a version.
async fn against(work: &Work<'_>, name: &str, next: u32, fault: &Fault) -> Problem {
    let mut problem = fault.problem(&format!("Updating the cluster {name:?} to 1.{next}"));
    let found = work.at.eks().list_insights().cluster_name(name).send().await;
    let found = found.ok().and_then(|answer| answer.insights).unwrap_or_default();
    let bad = found.iter().filter(|insight| {
        let status = insight.insight_status.as_ref().and_then(|status| status.status.as_ref());
        matches!(status, Some(InsightStatusValue::Error | InsightStatusValue::Warning))
    });
    for insight in bad {
        let reason = insight.insight_status.as_ref().and_then(|status| status.reason.clone()).unwrap_or_default();
        problem.detail.push_str(&format!(" {}: {reason}", insight.name.clone().unwrap_or_default()));
    }
    problem.detail.push_str(" Mend what the insights name, or set `force_update_version = true`.");
    problem
}

/// Returns the versions that a change goes from and to; nothing if it stays.
pub(super) fn change(prior: &Value, planned: &Value) -> Option<(u32, u32)> {
    let version = |object: &Value| part(object, "version").as_str().and_then(minor);
    let (from, to) = (version(prior)?, version(planned)?);
    (to > from).then_some((from, to))
}

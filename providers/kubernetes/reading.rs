//! Objects are looked at: many of one kind and namespace by one list.

use std::collections::BTreeMap;

use sdk::Problem;
use serde_json::Value as Json;

use crate::api::Place;
use crate::cluster::{Named, Session};
use crate::failure::Failure;
use crate::json::at;

/// So many objects of one kind and namespace are looked at one by one; a list would bring many that nobody asked for.
const SINGLY_MAX: usize = 2;

/// What was found of an object.
pub(crate) type Found = Result<Option<(Place, Json)>, Problem>;

/// Looks at objects; the answers are in the order of the names.
pub(crate) async fn find_all(session: &Session, names: &[Named]) -> Vec<Found> {
    let mut answers: Vec<Option<Found>> = names.iter().map(|_| None).collect();
    let mut groups: BTreeMap<Place, Vec<(usize, Place)>> = BTreeMap::new();
    for (index, named) in names.iter().enumerate() {
        let doing = || format!("look for the kind {} of {}", named.kind, named.api_version);
        match session.place(named).await {
            // What has no kind is not there either.
            Ok(None) => answers[index] = Some(Ok(None)),
            Ok(Some(place)) => {
                let group = Place { name: String::new(), ..place.clone() };
                groups.entry(group).or_default().push((index, place));
            }
            Err(failure) => answers[index] = Some(Err(failure.problem(&doing()))),
        }
    }
    let mut groups = groups.into_values();
    loop {
        // A few groups at once: each is one request.
        let some: Vec<_> = groups.by_ref().take(8).collect();
        if some.is_empty() {
            break;
        }
        for (index, found) in find_groups(session, some).await {
            answers[index] = Some(found);
        }
    }
    answers.into_iter().map(|answer| answer.unwrap_or(Ok(None))).collect()
}

async fn find_groups(session: &Session, groups: Vec<Vec<(usize, Place)>>) -> Vec<(usize, Found)> {
    let calls = groups.into_iter().map(|group| Box::pin(find_group(session, group)));
    join(calls.collect()).await.into_iter().flatten().collect()
}

/// Runs futures side by side.
async fn join<F: Future + Unpin>(calls: Vec<F>) -> Vec<F::Output> {
    let mut calls: Vec<(F, Option<F::Output>)> = calls.into_iter().map(|call| (call, None)).collect();
    std::future::poll_fn(|context| {
        for (call, output) in calls.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(ready) = std::pin::Pin::new(call).poll(context) {
                *output = Some(ready);
            }
        }
        if calls.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    calls.into_iter().filter_map(|(_, output)| output).collect()
}

async fn find_group(session: &Session, group: Vec<(usize, Place)>) -> Vec<(usize, Found)> {
    if group.len() > SINGLY_MAX {
        let (kind, namespace) = (&group[0].1.kind, group[0].1.namespace.as_deref());
        match session.api.list(kind, namespace, "").await {
            Ok(items) => return pick(group, items),
            // Whoever may not list may still look at single ones.
            Err(Failure::Api(status)) if status.code == 403 || status.code == 405 => {}
            Err(failure) => {
                let problem = failure.problem(&format!("list the objects of the kind {}", kind.kind));
                return group.into_iter().map(|(index, _)| (index, Err(problem.clone()))).collect();
            }
        }
    }
    let mut found = Vec::with_capacity(group.len());
    for (index, place) in group {
        let object = session.api.find(&place).await;
        let object = object.map_err(|failure| failure.problem(&format!("look at the {}", place.describe())));
        found.push((index, object.map(|object| object.map(|object| (place, object)))));
    }
    found
}

/// Gives each its object of a list, whose elements do not say of which kind they are.
fn pick(group: Vec<(usize, Place)>, items: Vec<Json>) -> Vec<(usize, Found)> {
    let mut by_name: BTreeMap<String, Json> =
        items.into_iter().map(|item| (at(&item, "/metadata/name").to_owned(), item)).collect();
    let object = |place: Place| {
        let mut object = by_name.get_mut(&place.name)?.clone();
        object["apiVersion"] = place.kind.api_version.clone().into();
        object["kind"] = place.kind.kind.clone().into();
        Some((place, object))
    };
    let mut object = object;
    group.into_iter().map(|(index, place)| (index, Ok(object(place)))).collect()
}

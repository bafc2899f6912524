//! `aws_iam_openid_connect_provider`: someone else who vouches for those who become roles.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::{found_tags, planned_tags, to_tags};
use crate::cloud::At;
use crate::fault::fault;
use crate::fields::{part, text, texts};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::Rules;
use crate::polling::made_once;
use crate::shape::{Shape, text as word, text_list, text_set};
use crate::tags;

/// The resource type.
pub(super) struct OpenidConnectProvider;

impl Kind for OpenidConnectProvider {
    fn name(&self) -> &'static str {
        "aws_iam_openid_connect_provider"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "Someone else who vouches for those who become roles.",
            attributes: vec![
                word("url").required().describe("Where it is: `https://...`. A change replaces it."),
                text_set("client_id_list").required().describe("What AWS is called there: `sts.amazonaws.com`."),
                text_list("thumbprint_list")
                    .optional()
                    .computed()
                    .describe("Thumbprints of certificates that it is trusted by."),
                word("arn").computed().describe("Its name in all of AWS."),
            ],
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let is_secure = text(config, "url").is_none_or(|url| url.starts_with("https://"));
        let detail = "The URL of an identity provider begins with `https://`.";
        let problem = || Problem::error("Invalid URL", detail).at("url");
        (!is_secure).then(problem).into_iter().collect()
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["url"], ..Rules::default() }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["arn"]
    }

    /// Its name follows from its URL.
    fn keys_by_token(&self, planned: &Value, _: &str) -> Option<Json> {
        text(planned, "url").map(|url| json!({"url": url}))
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        // IAM keeps what it was told last: taking thumbprints out of the configuration changes nothing.
        if draft.is_update() && part(&draft.request.config, "thumbprint_list").is_null() {
            let kept = part(&draft.request.prior, "thumbprint_list").clone();
            draft.set(&[("thumbprint_list", kept)]);
        }
        sdk::answer(())
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let Some(arn) = arn_of(at, object) else { return Ok(None) };
            let found = match at.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await {
                Ok(found) => found,
                Err(error) => match fault(error) {
                    fault if fault.is_not_found() => return Ok(None),
                    fault => return Err(fault.problem(&format!("Getting the identity provider {arn}"))),
                },
            };
            let (tags, tags_all) = at.session.tags.seen(found_tags(found.tags), object);
            let url = found.url.unwrap_or_default();
            let url = if url.starts_with("https://") { url } else { format!("https://{url}") };
            // IAM has no order of its own for thumbprints.
            let mut thumbprints = found.thumbprint_list.unwrap_or_default();
            if let Some(known) = texts(object, "thumbprint_list") {
                thumbprints.sort_by_key(|one| known.iter().position(|known| known.eq_ignore_ascii_case(one)));
            }
            Ok(Some(json!({
                "id": arn,
                "arn": arn,
                "url": text(object, "url").filter(|known| known.trim_end_matches('/') == url.trim_end_matches('/')).unwrap_or(url),
                "client_id_list": found.client_id_list.unwrap_or_default(),
                "thumbprint_list": thumbprints,
                "tags": tags,
                "tags_all": tags_all,
            })))
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let planned = &work.planned;
            let url = text(planned, "url").unwrap_or_default();
            let made = std::sync::Mutex::new(None);
            let request = work
                .at
                .iam()
                .create_open_id_connect_provider()
                .url(&url)
                .set_client_id_list(texts(planned, "client_id_list"))
                .set_thumbprint_list(texts(planned, "thumbprint_list").filter(|list| !list.is_empty()))
                .set_tags(planned_tags(planned));
            let call = || {
                let (request, made) = (request.clone(), &made);
                async move {
                    let arn = request.send().await.map_err(fault)?.open_id_connect_provider_arn;
                    *made.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = arn;
                    Ok(())
                }
            };
            made_once(work, "EntityAlreadyExists", &format!("Creating the identity provider {url}"), call).await?;
            let arn = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            let arn = arn.or_else(|| arn_of(&work.at, planned)).unwrap_or_default();
            work.made(json!({"arn": arn})).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(update(work))
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let arn = text(&work.prior, "arn").unwrap_or_default();
            let call = work.at.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(&arn).send();
            match call.await.map_err(fault) {
                Err(fault) if !fault.is_not_found() => {
                    Err(fault.problem(&format!("Deleting the identity provider {arn}")))
                }
                _ => Ok(()),
            }
        })
    }
}

fn arn_of(at: &At, object: &Value) -> Option<String> {
    let known = text(object, "arn").filter(|arn| !arn.is_empty());
    known.or_else(|| {
        let account = at.session.account.as_ref()?;
        let url = text(object, "url")?;
        let rest = url.trim_start_matches("https://").trim_end_matches('/');
        let partition = crate::cloud::partition(&at.session.region).0;
        Some(format!("arn:{partition}:iam::{account}:oidc-provider/{rest}"))
    })
}

async fn update(work: &Work<'_>) -> Done<()> {
    let (planned, client) = (&work.planned, work.at.iam());
    let arn = text(planned, "arn").unwrap_or_default();
    let doing = format!("Changing the identity provider {arn}");
    let before = texts(&work.prior, "client_id_list").unwrap_or_default();
    let after = texts(planned, "client_id_list").unwrap_or_default();
    for id in after.iter().filter(|id| !before.contains(id)) {
        let request = client.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(&arn);
        request.client_id(id).send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    for id in before.iter().filter(|id| !after.contains(id)) {
        let request = client.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(&arn);
        request.client_id(id).send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    if work.changes("thumbprint_list") {
        let request = client.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(&arn);
        let request = request.set_thumbprint_list(texts(planned, "thumbprint_list"));
        request.send().await.map_err(|error| fault(error).problem(&doing))?;
    }
    if let Some(changes) = tags::changes(&work.prior, planned) {
        if !changes.remove.is_empty() {
            let request = client.untag_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            let call = request.set_tag_keys(Some(changes.remove)).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            let call = request.set_tags(Some(to_tags(changes.set))).send();
            call.await.map_err(|error| fault(error).problem(&doing))?;
        }
    }
    Ok(())
}

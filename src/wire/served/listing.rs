//! Lists of what there is, a page at a time, sent as they come.

use sdk::{ListRequest, ListedObject, Problem};

use super::{Served, read, write};
use crate::grpc::{Responder, Status};
use crate::messages::{ListResourceEvent, ListResourceRequest};
use crate::problems::pack_problems;

/// A provider that always has a next page would never end.
const PAGES_MAX: usize = 100_000;

/// What is listed unless the host says another number: enough for anything that is looked at.
const LIMIT_DEFAULT: u64 = 100_000;

impl Served {
    pub(super) async fn list(&self, asked: ListResourceRequest, out: &mut Responder) -> Result<(), Status> {
        // An answer without a single object is one, too.
        out.open()?;
        let kind = asked.type_name;
        let config = self.list_type(&kind).and_then(|ty| read(asked.config.as_ref(), ty, "configuration"));
        let config = match config {
            Ok(config) => config,
            Err(problem) => return out.send(&only_problems(&[problem])).await,
        };
        let limit = u64::try_from(asked.limit).ok().filter(|limit| *limit > 0).unwrap_or(LIMIT_DEFAULT);
        let mut request =
            ListRequest { kind: kind.into(), config, objects: asked.include_resource_object, limit, page: None };
        let mut left = limit;
        for _ in 0..PAGES_MAX {
            let response = self.provider.list(request.clone()).await;
            for listed in response.objects {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                out.send(&self.event(&request.kind, listed)).await?;
            }
            if !response.problems.is_empty() {
                out.send(&only_problems(&response.problems)).await?;
            }
            match response.next {
                Some(next) if left > 0 => request.page = Some(next),
                _ => return Ok(()),
            }
        }
        let detail = format!("The provider had a next page {PAGES_MAX} times. What came behind is left out.");
        out.send(&only_problems(&[Problem::warning("List too long", detail)])).await
    }

    fn event(&self, kind: &str, listed: ListedObject) -> ListResourceEvent {
        let ListedObject { identity, display_name, object, problems } = listed;
        let packed = object
            .map(|object| self.resource_type(kind).and_then(|ty| write(&object, ty, "listed object")))
            .transpose()
            .and_then(|object| Ok((object.flatten(), self.write_identity(identity.as_ref(), kind)?)));
        match packed {
            Ok((resource_object, identity)) => ListResourceEvent {
                identity,
                display_name: display_name.to_string(),
                resource_object,
                diagnostic: pack_problems(&problems),
            },
            Err(problem) => only_problems(&[problem]),
        }
    }
}

fn only_problems(problems: &[Problem]) -> ListResourceEvent {
    ListResourceEvent { diagnostic: pack_problems(problems), ..ListResourceEvent::default() }
}

//! `ephemeral.fake_token`: a secret that is made for one run and never stored.

use std::sync::Arc;
use std::time::Duration;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{
    Call, CloseRequest, CloseResponse, Context, EphemeralType, OpenRequest, OpenResponse, Problem, RenewRequest,
    RenewResponse, attribute, random_uuid,
};

use crate::cloud::Cloud;
use crate::{rules, world};

/// How long a token is good for unless the configuration says.
const LIFETIME: Duration = Duration::from_secs(900);

/// The ephemeral resource type.
pub(crate) struct FakeToken(pub(crate) Arc<Cloud>);

impl EphemeralType for FakeToken {
    fn name(&self) -> &'static str {
        "fake_token"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("audience", Type::String).required().describe("Who is to accept it; not empty."),
            Attribute::new("lifetime_seconds", Type::Number)
                .optional()
                .computed()
                .describe("How long it is good for; 900 unless set."),
            Attribute::new("token", Type::String).computed().sensitive().describe("The token."),
            Attribute::new("expires_at", Type::String).computed().describe("When it stops being good (RFC 3339)."),
        ];
        let description = "A token of the fake cloud that is good for a while.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        [rules::not_empty(config, "audience"), rules::positive(config, "lifetime_seconds")]
            .into_iter()
            .flatten()
            .collect()
    }
    fn open<'a>(&'a self, context: Context<'a>, request: OpenRequest) -> Call<'a, OpenResponse> {
        Box::pin(async move { self.open_token(context, request).await.unwrap_or_else(OpenResponse::failed) })
    }

    fn renew<'a>(&'a self, context: Context<'a>, request: RenewRequest) -> Call<'a, RenewResponse> {
        Box::pin(async move {
            let private = request.private.clone();
            self.renew_token(context, request).await.unwrap_or_else(|problem| RenewResponse {
                private,
                renew_at: None,
                problems: vec![problem],
            })
        })
    }

    fn close<'a>(&'a self, _: Context<'a>, request: CloseRequest) -> Call<'a, CloseResponse> {
        Box::pin(async move {
            let problems = self.close_token(request).await.err().into_iter().collect();
            CloseResponse { problems }
        })
    }
}

impl FakeToken {
    async fn open_token(&self, context: Context<'_>, request: OpenRequest) -> Result<OpenResponse, Problem> {
        let session = self.0.session()?;
        let seconds = attribute(&request.config, "lifetime_seconds").as_number().and_then(|seconds| seconds.to_u64());
        let lifetime = seconds.map_or(LIFETIME, Duration::from_secs);
        let id = random_uuid(&*context.runtime);
        let audience = attribute(&request.config, "audience");
        let call = world::Call { action: "open", kind: KIND, name: audience.as_str().unwrap_or_default() };
        let opened = session.call(call, |state, _, _| {
            state.ephemerals.opened += 1;
            state.ephemerals.open.insert(id.clone());
            Ok(())
        });
        opened.await?;
        let now = context.runtime.now();
        let result = Value::object([
            ("audience", audience),
            ("lifetime_seconds", Value::number(lifetime.as_secs())),
            ("token", format!("token-{id}").into()),
            ("expires_at", rfc3339(now.saturating_add(lifetime)).into()),
        ]);
        let private = format!("{id} {}", lifetime.as_secs()).into_bytes();
        let renew_at = Some(now.saturating_add(lifetime / 2));
        Ok(OpenResponse { private, renew_at, ..OpenResponse::new(result) })
    }

    async fn renew_token(&self, context: Context<'_>, request: RenewRequest) -> Result<RenewResponse, Problem> {
        let (id, lifetime) = parse(&request.private)?;
        let call = world::Call { action: "renew", kind: KIND, name: "" };
        let session = self.0.session()?;
        let renewed = session.call(call, |state, _, _| {
            if !state.ephemerals.open.contains(&id) {
                return Err(not_open());
            }
            state.ephemerals.renewed += 1;
            Ok(())
        });
        renewed.await?;
        let renew_at = Some(context.runtime.now().saturating_add(lifetime / 2));
        Ok(RenewResponse { private: request.private, renew_at, problems: vec![] })
    }

    async fn close_token(&self, request: CloseRequest) -> Result<(), Problem> {
        let (id, _) = parse(&request.private)?;
        let call = world::Call { action: "close", kind: KIND, name: "" };
        let session = self.0.session()?;
        let closed = session.call(call, |state, _, _| {
            if !state.ephemerals.open.remove(&id) {
                return Err(not_open());
            }
            state.ephemerals.closed += 1;
            Ok(())
        });
        closed.await
    }
}

const KIND: &str = "ephemeral.fake_token";

fn not_open() -> Problem {
    Problem::error("Token not open", "The token was closed before, or was never opened.")
}

fn parse(private: &[u8]) -> Result<(String, Duration), Problem> {
    let text = String::from_utf8_lossy(private);
    let parts = text.split_once(' ').and_then(|(id, seconds)| Some((id.to_owned(), seconds.parse().ok()?)));
    parts.map(|(id, seconds)| (id, Duration::from_secs(seconds))).ok_or_else(not_open)
}

/// Writes a moment as RFC 3339 does, in UTC. Days become dates by the count of days in eras of 400 years.
fn rfc3339(moment: Duration) -> String {
    let (days, seconds) = (moment.as_secs() / 86_400, moment.as_secs() % 86_400);
    // Years begin in March here, so that the day that leap years add is the last.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::rfc3339;
    use std::time::Duration;

    #[test]
    fn moments_are_dates_and_times() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_704_067_200, "2024-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), expected);
        }
    }
}

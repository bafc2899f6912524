//! What a plan is like for people: what it disrupts, how long it takes, what it costs, and the page that shows all of it.
//!
//! *Not here:* what objects cost and how long changes take (providers say it), how values are shown (`cli`).

mod actual;
mod cost;
mod forecast;
mod groups;
mod json;
mod money;
mod page;
mod prices;
mod tables;
mod text;
mod timeline;

pub use actual::{Actual, Told};
pub use cost::Line;
pub use forecast::{Bar, Forecast, Group, Steps, about, doing, extent, has_news, word};
pub use json::json;
pub use money::{Cost, Money};
pub use page::{Page, Shown};
pub use prices::Prices;
pub use tables::{COLUMNS, Details, Tables};
pub use text::text;

//! How functions are called, for people, and the reference page made of that: `src/lang/README.md`.

use super::{Function, Param, Returns};

impl Function {
    /// Returns how it is called: `join(separator: string, lists: list(string)...) -> string`.
    pub fn usage(&self) -> String {
        let param = |param: &Param| format!("{}: {}", param.name, (param.ty)());
        let mut params: Vec<String> = self.params.iter().map(param).collect();
        params.extend(self.rest.iter().map(|rest| format!("{}...", param(rest))));
        let returns = match &self.returns {
            Returns::Fixed(ty) => ty().to_string(),
            Returns::Computed(_) => "any".into(),
        };
        format!("{}({}) -> {returns}", self.name, params.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use crate::functions::FUNCTIONS;

    const HEAD: &str = "# The functions\n\n\
        Made from the definitions in `functions/`; `UPDATE_EXPECT=1 cargo test -p gantry-lang` writes it anew. Every function \
        can also be called as `core::NAME`. Each example is a test.\n";

    fn page() -> String {
        let mut page = String::from(HEAD);
        for function in FUNCTIONS {
            let _ = write!(page, "\n## {}\n\n`{}`\n\n{}\n", function.name, function.usage(), function.summary);
            for param in function.params.iter().chain(&function.rest).filter(|param| !param.summary.is_empty()) {
                let _ = write!(page, "\n- `{}`: {}", param.name, param.summary);
            }
            page.push_str("\n```console\n");
            for example in function.examples {
                let _ = writeln!(page, "> {}\n{}", example.call, example.result);
            }
            page.push_str("```\n");
        }
        page
    }

    #[test]
    fn the_page_is_what_the_definitions_say() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let page = page();
        #[expect(clippy::disallowed_methods, reason = "the switch of the tests, not an input of the program")]
        let update = std::env::var_os("UPDATE_EXPECT").is_some();
        if update {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "src/lang/README.md is stale: UPDATE_EXPECT=1 cargo test -p gantry-lang");
    }
}

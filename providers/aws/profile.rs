//! The files in which profiles are, and the little that is read of them here: names and regions.

use std::path::PathBuf;

use sdk::Runtime;
use sdk::value::Value;

use crate::fields::texts;

/// The files of profiles, with what is in them.
#[derive(Default)]
pub(crate) struct Files {
    config: Vec<PathBuf>,
    credentials: Vec<PathBuf>,
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl Files {
    /// Finds and reads the files: those that the configuration names, or those of the environment, or those at home.
    pub(crate) fn find(config: &Value, runtime: &dyn Runtime) -> Files {
        let variable = |name: &str| runtime.variable(name).filter(|value| !value.is_empty());
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let at_home = |rest: &str| home.as_ref().map(|home| PathBuf::from(home).join(".aws").join(rest));
        let expanded = |path: String| match (path.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(path),
        };
        let named = |attribute: &str, name: &str, file: &str| -> Vec<PathBuf> {
            match texts(config, attribute).filter(|paths| !paths.is_empty()) {
                Some(paths) => paths.into_iter().map(expanded).collect(),
                None => variable(name).map(expanded).or_else(|| at_home(file)).into_iter().collect(),
            }
        };
        let mut files = Files {
            config: named("shared_config_files", "AWS_CONFIG_FILE", "config"),
            credentials: named("shared_credentials_files", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            sections: vec![],
        };
        let read = |paths: &[PathBuf]| -> Vec<_> {
            paths
                .iter()
                .filter_map(|path| std::fs::read_to_string(path).ok())
                .flat_map(|text| sections(&text))
                .collect()
        };
        files.sections = read(&files.config);
        files.sections.extend(read(&files.credentials));
        files
    }

    /// Tells whether there is a profile of a name.
    pub(crate) fn has(&self, profile: &str) -> bool {
        self.sections.iter().any(|(name, _)| name == profile)
    }

    /// Returns the region that a profile says.
    pub(crate) fn region(&self, profile: &str) -> Option<String> {
        let settings = self.sections.iter().filter(|(name, _)| name == profile).flat_map(|(_, settings)| settings);
        settings.filter(|(key, _)| key == "region").map(|(_, value)| value.clone()).next_back()
    }

    /// Names the files.
    pub(crate) fn listed(&self) -> String {
        let paths = self.config.iter().chain(&self.credentials).map(|path| path.display().to_string());
        let paths: Vec<String> = paths.collect();
        if paths.is_empty() { "any file, as there is no home folder".to_owned() } else { paths.join(", ") }
    }

    /// Returns the files as the library wants them.
    #[expect(deprecated, reason = "the name that replaces this one is in a crate that is not for direct use")]
    pub(crate) fn for_library(&self) -> aws_config::profile::profile_file::ProfileFiles {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        let mut builder = ProfileFiles::builder();
        for path in self.config.iter().filter(|path| path.exists()) {
            builder = builder.with_file(ProfileFileKind::Config, path);
        }
        for path in self.credentials.iter().filter(|path| path.exists()) {
            builder = builder.with_file(ProfileFileKind::Credentials, path);
        }
        builder.build()
    }
}

/// Reads the sections of a file: `[name]`, `[profile name]`, each with lines of `key = value`.
fn sections(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) || trimmed.is_empty() {
            continue;
        }
        if let Some(title) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let title = title.0.trim();
            let name = title.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(title);
            found.push((name.trim().trim_matches('"').to_owned(), vec![]));
        } else if let (Some((key, value)), Some((_, settings)), false) =
            (trimmed.split_once('='), found.last_mut(), line.starts_with([' ', '\t']))
        {
            settings.push((key.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Files, sections};

    #[test]
    fn profiles_have_names_and_regions() {
        let text = "# c\n[default]\nregion = eu-west-1\n[profile data]\nREGION=us-east-1\ns3 =\n  region = no\n[sso-session x]\n";
        let files = Files { sections: sections(text), ..Files::default() };
        assert_eq!(files.region("default").as_deref(), Some("eu-west-1"));
        assert_eq!(files.region("data").as_deref(), Some("us-east-1"));
        assert!(!files.has("profile data"));
    }
}

//! Who asks: tokens of clusters and of service accounts, client certificates.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::Cluster;
use super::kinds;
use crate::clock::real_now;
use crate::world::Records;

/// One who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The id; empty if there is none.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
    /// Cluster roles that the cloud gives, without a binding in the cluster; each in some namespaces, or in all if none are
    /// named.
    pub grants: Vec<(String, Vec<String>)>,
}

/// Who may do everything is in this group.
pub const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

impl User {
    /// One who may do everything.
    pub fn administrator() -> User {
        let groups = [MASTERS, AUTHENTICATED].map(str::to_owned).to_vec();
        User { name: "kubernetes-admin".to_owned(), uid: String::new(), groups, grants: Vec::new() }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> User {
        let own = format!("system:serviceaccounts:{namespace}");
        let groups = vec!["system:serviceaccounts".to_owned(), own, AUTHENTICATED.to_owned()];
        User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups,
            grants: Vec::new(),
        }
    }

    /// Whom a certificate names: the common name is the user, organizations are groups.
    pub fn of_certificate(certificate: &[u8]) -> Option<User> {
        let (name, mut groups) = subject(certificate)?;
        groups.push(AUTHENTICATED.to_owned());
        Some(User { name, uid: String::new(), groups, grants: Vec::new() })
    }

    /// One whom the cloud lets in, with what it gives.
    pub fn of_cloud(name: String, mut groups: Vec<String>, grants: Vec<(String, Vec<String>)>) -> User {
        groups.push(AUTHENTICATED.to_owned());
        User { name, uid: String::new(), groups, grants }
    }

    /// Returns it as reviews have it.
    pub fn info(&self) -> Json {
        let mut info = json!({"username": self.name, "groups": self.groups});
        if !self.uid.is_empty() {
            info["uid"] = self.uid.clone().into();
        }
        info
    }
}

/// What servers of clusters are called in tokens.
const ISSUER: &str = "https://kubernetes.default.svc";

/// What a token is made for.
pub struct Claims<'c> {
    /// The namespace of the service account.
    pub namespace: &'c str,
    /// Its name.
    pub name: &'c str,
    /// Its id.
    pub uid: &'c str,
    /// Who vouches for it, where the cloud has the cluster known by a name of its own.
    pub issuer: Option<String>,
    /// Who is to take the token.
    pub audiences: Vec<String>,
    /// How long it is good; for ever if not set.
    pub seconds: Option<u64>,
    /// The object without which it is worth nothing: kind, name and id.
    pub bound: Option<(String, String, String)>,
}

/// Makes a token of a service account, signed with the cluster's own.
pub fn make_token(cluster: &Cluster, claims: &Claims<'_>) -> String {
    let now = real_now().as_secs();
    let audiences = if claims.audiences.is_empty() { vec![ISSUER.to_owned()] } else { claims.audiences.clone() };
    let mut own = json!({
        "namespace": claims.namespace, "serviceaccount": {"name": claims.name, "uid": claims.uid},
    });
    if let Some((kind, name, uid)) = &claims.bound {
        own[kind.to_lowercase()] = json!({"name": name, "uid": uid});
    }
    let mut body = json!({
        "aud": audiences, "iat": now, "iss": claims.issuer.as_deref().unwrap_or(ISSUER), "kubernetes.io": own, "nbf": now,
        "sub": format!("system:serviceaccount:{}:{}", claims.namespace, claims.name),
    });
    if let Some(seconds) = claims.seconds {
        body["exp"] = (now + seconds).into();
    }
    let head = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(body.to_string()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, cluster.token.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Returns where it is kept by what name a cloud knows a cluster that signs tokens.
pub fn issuer_record(cluster: &str) -> String {
    format!("{ISSUERS}{cluster}")
}

const ISSUERS: &str = "k8s-issuers/";

/// Tells whose token it is, if it is one of a service account that is still there, signed by the cluster of a name in a cloud;
/// for whom it is is not asked.
pub fn of_issuer(records: &Records, issuer: &str, token: &str) -> Option<User> {
    let mut known = records.under(ISSUERS).filter_map(|(name, _)| Some((name, records.get::<String>(name)?)));
    let (name, _) = known.find(|(_, known)| known == issuer)?;
    let cluster: Cluster = records.get(&super::cluster_record(name.strip_prefix(ISSUERS)?))?;
    account_of(records, &cluster, &verified(&cluster, token)?)
}

/// Tells whose token it is, if it is one of a service account that is still there.
pub fn of_token(records: &Records, cluster: &Cluster, token: &str) -> Option<User> {
    let claims = verified(cluster, token)?;
    if !claims["aud"].as_array()?.iter().any(|audience| audience == ISSUER) {
        return None;
    }
    account_of(records, cluster, &claims)
}

/// Returns what a token says that a cluster has signed, and that has not ended.
fn verified(cluster: &Cluster, token: &str) -> Option<Json> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, cluster.token.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &signature).ok()?;
    let (_, body) = signed.split_once('.')?;
    let claims: Json = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    let is_over = claims["exp"].as_u64().is_some_and(|end| end <= real_now().as_secs());
    (!is_over).then_some(claims)
}

/// Returns the service account that a token is of, if it and what the token is bound to are still there.
fn account_of(records: &Records, cluster: &Cluster, claims: &Json) -> Option<User> {
    let own = &claims["kubernetes.io"];
    let namespace = own["namespace"].as_str()?;
    let there = |plural: &str, claim: &Json, namespace: Option<&str>| {
        let record = kinds::record(&cluster.name, "", plural, namespace, claim["name"].as_str()?);
        let object: Json = records.get(&record)?;
        (object["metadata"]["uid"] == claim["uid"]).then_some(())
    };
    there("serviceaccounts", &own["serviceaccount"], Some(namespace))?;
    for (claim, plural, namespace) in
        [("pod", "pods", Some(namespace)), ("secret", "secrets", Some(namespace)), ("node", "nodes", None)]
    {
        if !own[claim].is_null() {
            there(plural, &own[claim], namespace)?;
        }
    }
    let account = &own["serviceaccount"];
    Some(User::service_account(namespace, account["name"].as_str()?, account["uid"].as_str()?))
}

/// Reads the common name and the organizations of a certificate's subject.
fn subject(certificate: &[u8]) -> Option<(String, Vec<String>)> {
    let (_, body, _) = element(certificate)?;
    let (_, mut body, _) = element(body)?;
    // Version, serial number, algorithm, issuer, validity; the version may be left out.
    let mut elements = Vec::new();
    while let Some((tag, value, rest)) = element(body) {
        if tag != 0xa0 {
            elements.push(value);
        }
        body = rest;
    }
    let mut names = *elements.get(4)?;
    let (mut common, mut organizations) = (None, Vec::new());
    while let Some((_, set, rest)) = element(names) {
        names = rest;
        let (_, pair, _) = element(set)?;
        let (_, object, value) = element(pair)?;
        let (_, value, _) = element(value)?;
        let text = String::from_utf8(value.to_vec()).ok()?;
        match object {
            [0x55, 4, 3] => common = Some(text),
            [0x55, 4, 10] => organizations.push(text),
            _ => {}
        }
    }
    Some((common?, organizations))
}

/// Reads one element of DER: its tag, what is in it, and what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

#[cfg(test)]
mod tests {
    use super::{Claims, Cluster, User, make_token, of_token};
    use crate::tls::Authority;
    use crate::world::Records;

    #[test]
    fn a_certificate_names_its_user_and_groups() {
        use rustls::pki_types::pem::PemObject;
        let authority = Authority::make("sandbox").expect("an authority");
        let identity = authority.user("ada", "readers").expect("a certificate");
        let der = rustls::pki_types::CertificateDer::from_pem_slice(identity.certificate.as_bytes()).expect("PEM");
        let user = User::of_certificate(&der).expect("a user");
        assert_eq!((user.name.as_str(), user.groups[0].as_str()), ("ada", "readers"));
        assert_eq!(User::of_certificate(&der[..40]), None);
    }

    #[test]
    fn a_token_of_an_account_that_is_gone_is_worth_nothing() {
        let cluster = Cluster { name: "lake".into(), version: "1.33".into(), token: "secret".into() };
        let claims = Claims {
            namespace: "default",
            name: "robot",
            uid: "1",
            issuer: None,
            audiences: vec![],
            seconds: None,
            bound: None,
        };
        assert_eq!(of_token(&Records::default(), &cluster, &make_token(&cluster, &claims)), None);
    }
}

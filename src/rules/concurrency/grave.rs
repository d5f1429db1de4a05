//! What must not lose an update: authentication, lockout, money, stock.

use crate::model::Site;
use crate::project::Project;
use crate::trace::{Origin, Trace};

const GRAVE: [&str; 22] = [
    "auth",
    "login",
    "signin",
    "lockout",
    "locked_out",
    "attempt",
    "password",
    "passwd",
    "otp",
    "mfa",
    "2fa",
    "token",
    "captcha",
    "security",
    "balance",
    "wallet",
    "credit",
    "payment",
    "stock",
    "inventory",
    "coupon",
    "brute",
];

/// Whether a place is about one of these, going by its function, its file and what else is `said` of it.
pub fn is_grave(trace: &Trace, project: &Project, site: Site, said: &[&str]) -> bool {
    let function = match &trace.origin {
        Origin::Code { function, .. } => function.as_str(),
        Origin::Log { .. } => "",
    };
    let path = project.module(site.file).source.path.as_str();
    said.iter().chain(&[function, path]).any(|text| is_named(text))
}

/// Whether a name is that of one of these.
pub fn is_named(text: &str) -> bool {
    // Who wrote a book authenticates nobody.
    let text = text.to_lowercase().replace("authoriz", "auth").replace("authoris", "auth").replace("author", "");
    GRAVE.iter().any(|word| text.contains(word))
}

//! Whose a model is that the input does not define.

use super::Project;
use crate::python::ir::{Stmt, StmtKind};
use crate::schema::Model;
use crate::trace::is_test;

impl Project {
    /// Whether a model is whatever the site that installs the program has for it: Django's own user, where nothing but
    /// tests names that class. A reusable app reaches it by `get_user_model()`, and cannot give it an index.
    pub fn is_of_host(&self, model: &Model) -> bool {
        let is_user = model.site.is_none() && model.app == "auth" && model.name == "User";
        is_user && self.settings.auth_user_model.is_none() && !self.names_django_user()
    }

    fn names_django_user(&self) -> bool {
        let own = self.modules.iter().filter(|module| !is_test(&module.source.path));
        own.flat_map(|module| &module.ir.body).any(imports_user)
    }
}

/// `from django.contrib.auth.models import User` at the top of a file.
fn imports_user(stmt: &Stmt) -> bool {
    let StmtKind::ImportFrom { level: 0, module, names, star } = &stmt.kind else { return false };
    let is_user = names.iter().any(|alias| alias.name == "User");
    module == "django.contrib.auth.models" && (*star || is_user)
}

//! Models of Django's own apps and abstract bases of well-known packages, as data.

use smol_str::SmolStr;

use super::fields::{Declared, Reference};
use super::kinds;
use crate::schema::{Field, OnDelete, Relation, RelationKind};

/// A field: name, class, flags (`unique null index choices pk auto_now set_null`), target, related name.
pub type Spec = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub struct Builtin {
    /// Where the class is imported from.
    pub dotted: &'static str,
    pub app: &'static str,
    pub name: &'static str,
    pub table: &'static str,
    pub ordering: &'static [&'static str],
    pub fields: &'static [Spec],
    pub unique_together: &'static [&'static str],
}

const ABSTRACT_BASE_USER: &[Spec] =
    &[("password", "CharField", "", "", ""), ("last_login", "DateTimeField", "null", "", "")];

const PERMISSIONS_MIXIN: &[Spec] = &[
    ("is_superuser", "BooleanField", "", "", ""),
    ("groups", "ManyToManyField", "", "auth.Group", "user_set"),
    ("user_permissions", "ManyToManyField", "", "auth.Permission", "user_set"),
];

const ABSTRACT_USER: &[Spec] = &[
    ("username", "CharField", "unique", "", ""),
    ("first_name", "CharField", "", "", ""),
    ("last_name", "CharField", "", "", ""),
    ("email", "EmailField", "", "", ""),
    ("is_staff", "BooleanField", "", "", ""),
    ("is_active", "BooleanField", "", "", ""),
    ("date_joined", "DateTimeField", "", "", ""),
];

const TIME_STAMPED: &[Spec] =
    &[("created", "DateTimeField", "", "", ""), ("modified", "DateTimeField", "auto_now", "", "")];

/// Abstract bases: name of the class → the fields that it brings, in order.
const BASES: [(&str, &[&[Spec]]); 13] = [
    ("Model", &[]),
    ("AbstractBaseUser", &[ABSTRACT_BASE_USER]),
    ("PermissionsMixin", &[PERMISSIONS_MIXIN]),
    ("AbstractUser", &[ABSTRACT_BASE_USER, PERMISSIONS_MIXIN, ABSTRACT_USER]),
    ("TimeStampedModel", &[TIME_STAMPED]),
    (
        "MPTTModel",
        &[&[
            ("lft", "PositiveIntegerField", "", "", ""),
            ("rght", "PositiveIntegerField", "", "", ""),
            ("tree_id", "PositiveIntegerField", "index", "", ""),
            ("level", "PositiveIntegerField", "", "", ""),
        ]],
    ),
    (
        "MP_Node",
        &[&[
            ("path", "CharField", "unique", "", ""),
            ("depth", "PositiveIntegerField", "", "", ""),
            ("numchild", "PositiveIntegerField", "", "", ""),
        ]],
    ),
    ("PolymorphicModel", &[&[("polymorphic_ctype", "ForeignKey", "null", "contenttypes.ContentType", "+")]]),
    ("SoftDeletableModel", &[&[("is_removed", "BooleanField", "", "", "")]]),
    (
        "AbstractBaseSession",
        &[&[
            ("session_key", "CharField", "pk", "", ""),
            ("session_data", "TextField", "", "", ""),
            ("expire_date", "DateTimeField", "index", "", ""),
        ]],
    ),
    ("ClusterableModel", &[]),
    ("object", &[]),
    ("Generic", &[]),
];

pub const MODELS: &[Builtin] = &[
    Builtin {
        dotted: "django.contrib.contenttypes.models.ContentType",
        app: "contenttypes",
        name: "ContentType",
        table: "django_content_type",
        ordering: &[],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("app_label", "CharField", "", "", ""),
            ("model", "CharField", "", "", ""),
        ],
        unique_together: &["app_label", "model"],
    },
    Builtin {
        dotted: "django.contrib.auth.models.Permission",
        app: "auth",
        name: "Permission",
        table: "auth_permission",
        ordering: &["content_type__app_label", "content_type__model", "codename"],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("name", "CharField", "", "", ""),
            ("content_type", "ForeignKey", "", "contenttypes.ContentType", ""),
            ("codename", "CharField", "", "", ""),
        ],
        unique_together: &["content_type", "codename"],
    },
    Builtin {
        dotted: "django.contrib.auth.models.Group",
        app: "auth",
        name: "Group",
        table: "auth_group",
        ordering: &[],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("name", "CharField", "unique", "", ""),
            ("permissions", "ManyToManyField", "", "auth.Permission", ""),
        ],
        unique_together: &[],
    },
    Builtin {
        dotted: USER,
        app: "auth",
        name: "User",
        table: "auth_user",
        ordering: &[],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("password", "CharField", "", "", ""),
            ("last_login", "DateTimeField", "null", "", ""),
            ("is_superuser", "BooleanField", "", "", ""),
            ("username", "CharField", "unique", "", ""),
            ("first_name", "CharField", "", "", ""),
            ("last_name", "CharField", "", "", ""),
            ("email", "EmailField", "", "", ""),
            ("is_staff", "BooleanField", "", "", ""),
            ("is_active", "BooleanField", "", "", ""),
            ("date_joined", "DateTimeField", "", "", ""),
            ("groups", "ManyToManyField", "", "auth.Group", "user_set"),
            ("user_permissions", "ManyToManyField", "", "auth.Permission", "user_set"),
        ],
        unique_together: &[],
    },
    Builtin {
        dotted: "django.contrib.sites.models.Site",
        app: "sites",
        name: "Site",
        table: "django_site",
        ordering: &["domain"],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("domain", "CharField", "unique", "", ""),
            ("name", "CharField", "", "", ""),
        ],
        unique_together: &[],
    },
    Builtin {
        dotted: "django.contrib.sessions.models.Session",
        app: "sessions",
        name: "Session",
        table: "django_session",
        ordering: &[],
        fields: &[
            ("session_key", "CharField", "pk", "", ""),
            ("session_data", "TextField", "", "", ""),
            ("expire_date", "DateTimeField", "index", "", ""),
        ],
        unique_together: &[],
    },
    Builtin {
        dotted: "django.contrib.admin.models.LogEntry",
        app: "admin",
        name: "LogEntry",
        table: "django_admin_log",
        ordering: &["-action_time"],
        fields: &[
            ("id", "AutoField", "pk", "", ""),
            ("action_time", "DateTimeField", "", "", ""),
            ("user", "ForeignKey", "", "auth.User", ""),
            ("content_type", "ForeignKey", "null set_null", "contenttypes.ContentType", ""),
            ("object_id", "TextField", "null", "", ""),
            ("object_repr", "CharField", "", "", ""),
            ("action_flag", "PositiveSmallIntegerField", "choices", "", ""),
            ("change_message", "TextField", "", "", ""),
        ],
        unique_together: &[],
    },
];

/// Django's own user; absent where the project has another.
pub const USER: &str = "django.contrib.auth.models.User";

/// The fields of an abstract base outside of the input; `None` where it is not known.
pub fn base_fields(dotted: &str) -> Option<Vec<Declared>> {
    let last = dotted.rsplit('.').next()?;
    let (_, groups) = BASES.iter().find(|(name, _)| *name == last)?;
    Some(groups.iter().flat_map(|group| group.iter().filter_map(declared)).collect())
}

/// Whether the fields of an abstract base stand behind those of the models that inherit it.
pub fn adds_fields_last(dotted: &str) -> bool {
    dotted.rsplit('.').next() == Some("MPTTModel")
}

/// A concrete model outside of the input by its dotted name.
pub fn is_user_base(dotted: &str) -> bool {
    matches!(dotted.rsplit('.').next(), Some("AbstractUser" | "AbstractBaseUser"))
}

pub fn declared(spec: &Spec) -> Option<Declared> {
    let (name, class, flags, target, related_name) = *spec;
    let (kind, relation) = kinds::of_class(class)?;
    let has = |flag: &str| flags.split(' ').any(|word| word == flag);
    let many = relation == Some(RelationKind::ManyToMany);
    let column = match relation {
        Some(_) if many => SmolStr::default(),
        Some(_) => SmolStr::from(format!("{name}_id")),
        None => name.into(),
    };
    Some(Declared {
        field: Field {
            name: name.into(),
            column,
            kind,
            class: class.into(),
            relation: relation.map(|kind| Relation {
                kind,
                target_label: target.into(),
                target: None,
                to_field: None,
                through: None,
                join_table: None,
                on_delete: if has("set_null") { OnDelete::SetNull } else { OnDelete::Cascade },
            }),
            null: has("null"),
            unique: has("unique") || has("pk"),
            primary_key: has("pk"),
            db_index: has("index") || (relation.is_some() && !many),
            has_choices: has("choices"),
            auto_now: has("auto_now"),
            flagged: None,
            generic: None,
            site: None,
        },
        to: relation.map(|_| match target {
            "auth.User" => Reference::User,
            _ => Reference::Label(target.into()),
        }),
        through: None,
        related_name: (!related_name.is_empty()).then(|| related_name.into()),
        related_query_name: (related_name == "user_set").then(|| "user".into()),
        symmetrical: false,
        db_table: None,
        parent_link: false,
    })
}

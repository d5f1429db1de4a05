//! Classes of Django, REST framework and the like that projects build on, and what those build on.

/// A package, a class of it, and the bases of that class.
type Known = (&'static str, &'static str, &'static [&'static str]);

/// Class → its bases, by name; the first part of a dotted name tells the packages apart.
const BASES: [Known; 50] = [
    ("django", "TemplateView", &["View"]),
    ("django", "RedirectView", &["View"]),
    ("django", "ListView", &["View", "MultipleObjectMixin"]),
    ("django", "DetailView", &["View", "SingleObjectMixin"]),
    ("django", "FormView", &["View"]),
    ("django", "CreateView", &["View", "SingleObjectMixin"]),
    ("django", "UpdateView", &["View", "SingleObjectMixin"]),
    ("django", "DeleteView", &["View", "SingleObjectMixin"]),
    ("django", "ArchiveIndexView", &["View", "MultipleObjectMixin"]),
    ("django", "LoginView", &["View"]),
    ("django", "LogoutView", &["View"]),
    ("django", "Feed", &["View"]),
    ("django", "TransactionTestCase", &["SimpleTestCase", "TestCase"]),
    ("django", "SimpleTestCase", &["TestCase"]),
    ("django", "LiveServerTestCase", &["TestCase"]),
    ("django", "StaticLiveServerTestCase", &["TestCase"]),
    ("unittest", "IsolatedAsyncioTestCase", &["TestCase"]),
    ("rest_framework", "APITestCase", &["TestCase"]),
    ("rest_framework", "APISimpleTestCase", &["TestCase"]),
    ("rest_framework", "APITransactionTestCase", &["TestCase"]),
    ("rest_framework", "APIView", &["View"]),
    ("rest_framework", "GenericAPIView", &["APIView", "View"]),
    ("rest_framework", "ListAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "CreateAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "RetrieveAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "UpdateAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "DestroyAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "ListCreateAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "RetrieveUpdateAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "RetrieveDestroyAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "RetrieveUpdateDestroyAPIView", &["GenericAPIView", "APIView", "View"]),
    ("rest_framework", "ViewSet", &["APIView", "View"]),
    ("rest_framework", "GenericViewSet", &["ViewSet", "GenericAPIView", "APIView", "View"]),
    ("rest_framework", "ReadOnlyModelViewSet", &["ViewSet", "GenericViewSet", "GenericAPIView", "APIView", "View"]),
    ("rest_framework", "ModelViewSet", &["ViewSet", "GenericViewSet", "GenericAPIView", "APIView", "View"]),
    ("rest_framework", "Serializer", &["BaseSerializer"]),
    ("rest_framework", "ModelSerializer", &["Serializer", "BaseSerializer"]),
    ("rest_framework", "HyperlinkedModelSerializer", &["ModelSerializer", "Serializer", "BaseSerializer"]),
    ("rest_framework", "ListSerializer", &["BaseSerializer"]),
    ("django", "ModelAdmin", &["BaseModelAdmin"]),
    ("django", "UserAdmin", &["ModelAdmin", "BaseModelAdmin"]),
    ("django", "GroupAdmin", &["ModelAdmin", "BaseModelAdmin"]),
    ("django", "TabularInline", &["InlineModelAdmin", "BaseModelAdmin"]),
    ("django", "StackedInline", &["InlineModelAdmin", "BaseModelAdmin"]),
    ("django", "AbstractUser", &["AbstractBaseUser", "PermissionsMixin", "Model"]),
    ("django", "AbstractBaseUser", &["Model"]),
    ("django", "PermissionsMixin", &["Model"]),
    ("django", "UserManager", &["BaseUserManager", "Manager"]),
    ("django", "BaseUserManager", &["Manager"]),
    ("django", "ModelForm", &["BaseModelForm", "Form"]),
];

/// Whether `base` (dotted) is the class `wanted` (dotted), or one that is known to build on it. Paths between the
/// package and the class are not compared. Views and test cases of other packages count as those of Django.
pub fn is_kind_of(base: &str, wanted: &str) -> bool {
    let (package, name) = ends(base);
    let (wanted_package, wanted_name) = ends(wanted);
    if package == wanted_package && name == wanted_name {
        return true;
    }
    let known = BASES.iter().find(|(known_package, known, _)| *known_package == package && *known == name);
    match known.or_else(|| derived(package, name)) {
        Some((package, known, bases)) => {
            (bases.contains(&wanted_name) || *known == wanted_name)
                && (wanted_package == *package || is_shared(wanted_name))
        }
        None => false,
    }
}

/// What a class of another package builds on, going by how its name ends: `WritableNestedModelSerializer`,
/// `ImportExportModelAdmin`.
fn derived(package: &str, name: &str) -> Option<&'static Known> {
    const ENDS: [&str; 5] = ["ModelSerializer", "Serializer", "ModelViewSet", "GenericViewSet", "ModelAdmin"];
    let end = ENDS.iter().find(|end| name.ends_with(*end))?;
    BASES.iter().find(|(own, known, _)| *own != package && known == end)
}

/// Packages whose views give the rows that the class names and load nothing with them.
const PLAIN_VIEWS: [&str; 12] = [
    "allauth",
    "braces",
    "dal",
    "django",
    "django_filters",
    "django_tables2",
    "drf_spectacular",
    "extra_views",
    "formtools",
    "rest_framework",
    "rest_framework_nested",
    "vanilla",
];

/// A view by its name, of a package of which nothing is known.
pub fn is_strange_view(base: &str) -> bool {
    let (package, name) = ends(base);
    ["View", "ViewSet"].iter().any(|end| name.ends_with(end)) && !PLAIN_VIEWS.contains(&package)
}

/// The package of a class that is known by its name alone.
pub fn package_of(class: &str) -> Option<&'static str> {
    let roots = [
        ("django", "View"),
        ("django", "TestCase"),
        ("django", "BaseCommand"),
        ("django", "AppConfig"),
        ("rest_framework", "BasePermission"),
    ];
    let derived = BASES.iter().map(|(package, name, _)| (*package, *name));
    roots.into_iter().chain(derived).find(|(_, name)| *name == class).map(|(package, _)| package)
}

/// A manager of models, by its name and by that of its module: `idmapper.manager.SharedMemoryManager`.
pub fn is_manager(base: &str) -> bool {
    let mut modules: Vec<&str> = base.split('.').collect();
    let name = modules.pop().unwrap_or_default();
    let package = modules.first().copied().unwrap_or_default();
    name.ends_with("Manager")
        && package != "multiprocessing"
        && modules.iter().any(|module| matches!(*module, "manager" | "managers" | "models"))
}

/// Classes that several packages derive from Django's or unittest's.
fn is_shared(name: &str) -> bool {
    matches!(name, "View" | "TestCase" | "SimpleTestCase")
}

/// First and last part of a dotted name.
fn ends(dotted: &str) -> (&str, &str) {
    (dotted.split('.').next().unwrap_or(""), dotted.rsplit('.').next().unwrap_or(""))
}

//! What an attribute of a row most likely is where its model is not in the input. Nothing that rests on this is certain.

/// Methods that only a manager has; `get`, `count`, `add` and the like are too common to tell.
pub fn is_manager_method(name: &str) -> bool {
    const METHODS: [&str; 18] = [
        "aggregate",
        "all",
        "annotate",
        "count",
        "distinct",
        "earliest",
        "exclude",
        "exists",
        "filter",
        "first",
        "iterator",
        "last",
        "latest",
        "order_by",
        "prefetch_related",
        "select_related",
        "values",
        "values_list",
    ];
    METHODS.binary_search(&name).is_ok()
}

/// Whether an attribute of a model is one of its managers: `objects`, `current_objects`.
pub fn is_manager(name: &str) -> bool {
    matches!(name, "objects" | "_default_manager" | "_base_manager") || name.ends_with("_objects")
}

/// Whether `row.field.name` reads through a relation, going by the names.
pub fn is_relation(field: &str, name: &str) -> bool {
    const FIELDS: [&str; 34] = [
        "attributes",
        "avatar",
        "config",
        "content",
        "data",
        "date",
        "details",
        "duration",
        "errors",
        "extra",
        "file",
        "files",
        "flags",
        "html",
        "image",
        "info",
        "kind",
        "level",
        "logo",
        "meta",
        "metadata",
        "objects",
        "options",
        "params",
        "payload",
        "photo",
        "picture",
        "role",
        "settings",
        "state",
        "status",
        "time",
        "type",
        "url",
    ];
    const ENDS: [&str; 16] = [
        "_at", "_on", "_date", "_time", "_data", "_json", "_file", "_image", "_url", "_status", "_type", "_state",
        "_list", "_dict", "_text", "_id",
    ];
    const NAMES: [&str; 60] = [
        "append",
        "as_integer_ratio",
        "astimezone",
        "capitalize",
        "copy",
        "date",
        "day",
        "days",
        "decode",
        "encode",
        "endswith",
        "extend",
        "find",
        "format",
        "get",
        "height",
        "hex",
        "hour",
        "index",
        "insert",
        "isdigit",
        "isoformat",
        "items",
        "join",
        "keys",
        "label",
        "lower",
        "lstrip",
        "microsecond",
        "minute",
        "month",
        "open",
        "path",
        "pop",
        "quantize",
        "read",
        "replace",
        "rsplit",
        "rstrip",
        "save",
        "second",
        "seconds",
        "setdefault",
        "size",
        "split",
        "startswith",
        "storage",
        "strftime",
        "strip",
        "time",
        "timestamp",
        "title",
        "total_seconds",
        "update",
        "upper",
        "url",
        "value",
        "weekday",
        "width",
        "year",
    ];
    let dunder = name.starts_with("__") || field.starts_with('_');
    !dunder
        && FIELDS.binary_search(&field).is_err()
        && NAMES.binary_search(&name).is_err()
        && !ENDS.iter().any(|end| field.ends_with(end))
        && !field.starts_with("is_")
        && !field.starts_with("has_")
        && !matches!(field, "created" | "updated" | "modified" | "pk" | "id" | "uuid" | "name" | "request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_relations_from_values() {
        for (field, name) in
            [("forum", "name"), ("created_by", "email"), ("author", "display_name"), ("topic", "forum")]
        {
            assert!(is_relation(field, name), "{field}.{name}");
        }
        for (field, name) in [
            ("created_at", "year"),
            ("title", "lower"),
            ("image", "url"),
            ("data", "anything"),
            ("status", "label"),
            ("price", "quantize"),
            ("expires_on", "date"),
        ] {
            assert!(!is_relation(field, name), "{field}.{name}");
        }
        assert!(is_manager_method("values_list") && is_manager_method("aggregate") && !is_manager_method("get"));
    }
}

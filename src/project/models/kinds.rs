//! Field classes → what their columns hold; classes of other packages by how their names end.

use crate::schema::{FieldKind, RelationKind};

/// Longer endings first: `DateTimeField` ends with `TimeField` too.
const ENDINGS: [(&str, FieldKind); 40] = [
    ("GenericForeignKey", FieldKind::GenericForeignKey),
    ("BigAutoField", FieldKind::Auto),
    ("SmallAutoField", FieldKind::Auto),
    ("AutoSlugField", FieldKind::Char),
    ("AutoField", FieldKind::Auto),
    ("AutoCreatedField", FieldKind::DateTime),
    ("AutoLastModifiedField", FieldKind::DateTime),
    ("CreationDateTimeField", FieldKind::DateTime),
    ("ModificationDateTimeField", FieldKind::DateTime),
    ("MonitorField", FieldKind::DateTime),
    ("DateTimeField", FieldKind::DateTime),
    ("DateField", FieldKind::Date),
    ("TimeField", FieldKind::Time),
    ("DurationField", FieldKind::Duration),
    ("IntegerRangeField", FieldKind::Other),
    ("RangeField", FieldKind::Other),
    ("SearchVectorField", FieldKind::Other),
    ("IntegerField", FieldKind::Integer),
    ("DecimalField", FieldKind::Decimal),
    ("MoneyField", FieldKind::Decimal),
    ("FloatField", FieldKind::Float),
    ("BooleanField", FieldKind::Boolean),
    ("JSONField", FieldKind::Json),
    ("JsonField", FieldKind::Json),
    ("HStoreField", FieldKind::Json),
    ("UUIDField", FieldKind::Uuid),
    ("UuidField", FieldKind::Uuid),
    ("ArrayField", FieldKind::Array),
    ("BinaryField", FieldKind::Binary),
    ("FilePathField", FieldKind::Char),
    ("FileField", FieldKind::File),
    ("ImageField", FieldKind::File),
    ("SlugField", FieldKind::Char),
    ("EmailField", FieldKind::Char),
    ("URLField", FieldKind::Char),
    ("IPAddressField", FieldKind::Char),
    ("CharField", FieldKind::Char),
    ("PhoneNumberField", FieldKind::Char),
    ("StatusField", FieldKind::Char),
    ("TextField", FieldKind::Text),
];

/// What a field class by this name is; `None` where it is no field.
pub fn of_class(class: &str) -> Option<(FieldKind, Option<RelationKind>)> {
    let relation = match class {
        "GenericForeignKey" => return Some((FieldKind::GenericForeignKey, None)),
        _ if class.ends_with("GenericRelation") => Some(RelationKind::Generic),
        _ if class.ends_with("ForeignKey") || class == "ParentalKey" => Some(RelationKind::ForeignKey),
        _ if class.ends_with("OneToOneField") => Some(RelationKind::OneToOne),
        _ if class.ends_with("ManyToManyField") || class.ends_with("TaggableManager") => Some(RelationKind::ManyToMany),
        _ => None,
    };
    if relation.is_some() {
        return Some((FieldKind::Relation, relation));
    }
    let known = ENDINGS.iter().find(|(ending, _)| class.ends_with(ending)).map(|(_, kind)| *kind);
    known.or_else(|| class.ends_with("Field").then_some(FieldKind::Other)).map(|kind| (kind, None))
}

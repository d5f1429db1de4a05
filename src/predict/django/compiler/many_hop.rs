//! How a many-to-many manager reaches its rows.

use smol_str::SmolStr;

use super::paths::{self, JoinTable};
use crate::schema::ModelId;

/// The join of a many-to-many manager, and its column for the row that has the manager.
pub struct ManyHop {
    pub hop: paths::Hop,
    pub near: SmolStr,
    pub join: JoinTable,
}

pub fn many_hop(schema: &crate::schema::Schema, model: ModelId, row: ModelId, accessor: &str) -> Option<ManyHop> {
    let (owner, name, flipped) = match schema.field(row, accessor) {
        Some((owner, _)) => (owner, SmolStr::new(accessor), false),
        None => {
            let reverse = schema.reverse(row, accessor)?;
            (reverse.model, reverse.field.clone(), true)
        }
    };
    let (owner, field) = schema.field(owner, &name)?;
    let join = JoinTable::of(schema, owner, field)?;
    let (near, far) =
        if flipped { (join.far.clone(), join.near.clone()) } else { (join.near.clone(), join.far.clone()) };
    let relation = match flipped {
        true => format!("{}.{}+{far}", owner.0, field.name),
        false => format!("<{}.{}+{far}", owner.0, field.name),
    };
    let hop = paths::Hop {
        table: join.table.clone(),
        model: join.model,
        left: paths::key_column(schema, model),
        right: far,
        relation,
        many: true,
        direct: false,
        nullable: true,
        content_type: None,
    };
    Some(ManyHop { hop, near, join })
}

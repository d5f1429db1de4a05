//! Class hierarchies: bases, the order in which members are looked up, and what they come to outside of the input.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::{Def, Names, Target};
use crate::model::FileId;
use crate::python::ir::{self, ArgKind};

type ClassKey = (FileId, u32);

/// Steps of one hierarchy walk; deeper or more tangled ones are cut.
const MAX_STEPS: usize = 512;

#[derive(Debug, Default)]
pub struct Hierarchy {
    classes: HashMap<ClassKey, Lineage>,
    /// Methods of a class that one that inherits it has another of.
    overridden: HashSet<(ClassKey, SmolStr)>,
}

#[derive(Debug, Default)]
struct Lineage {
    bases: Vec<Target>,
    /// A base that is no name, or whose name is not known.
    unknown_base: bool,
    /// The class itself, then its bases in the input, in the order of lookup.
    order: Vec<ClassKey>,
    /// Dotted names of the bases outside of the input.
    outside: Vec<SmolStr>,
}

impl Hierarchy {
    pub fn build(names: &Names, modules: &[&ir::Module]) -> Self {
        let mut classes: HashMap<ClassKey, Lineage> = HashMap::new();
        for (at, module) in modules.iter().enumerate() {
            let file = FileId(at as u32);
            let Some(index) = names.index(file) else { continue };
            for number in 0..index.classes.len() as u32 {
                let Some(class) = index.class(module, number) else { continue };
                let mut lineage = Lineage::default();
                for base in class.bases.iter().filter(|base| base.kind == ArgKind::Positional) {
                    match names.base(file, number, &base.value) {
                        // A class cannot be its own base: the name is an earlier, imported one.
                        Some(target) if target != Target::Class(file, number) => lineage.bases.push(target),
                        _ => lineage.unknown_base = true,
                    }
                }
                lineage.unknown_base |= class.bases.iter().any(|base| base.kind == ArgKind::Star);
                classes.insert((file, number), lineage);
            }
        }
        let orders: Vec<(ClassKey, Vec<ClassKey>, Vec<SmolStr>)> = classes
            .keys()
            .map(|key| {
                let (order, outside) = order(&classes, *key);
                (*key, order, outside)
            })
            .collect();
        for (key, order, outside) in orders {
            if let Some(lineage) = classes.get_mut(&key) {
                lineage.order = order;
                lineage.outside = outside;
            }
        }
        let mut overridden = HashSet::new();
        for (key, lineage) in &classes {
            let Some(class) = names.index(key.0).and_then(|index| index.classes.get(key.1 as usize)) else { continue };
            for (name, def) in &class.members {
                if matches!(def, Def::Function(_)) {
                    let above = lineage.order.iter().filter(|base| *base != key);
                    overridden.extend(above.map(|base| (*base, name.clone())));
                }
            }
        }
        Self { classes, overridden }
    }

    /// Whether a class that inherits this one has a method of that name.
    pub fn is_overridden(&self, key: ClassKey, method: &SmolStr) -> bool {
        self.overridden.contains(&(key, method.clone()))
    }

    pub fn bases(&self, key: ClassKey) -> &[Target] {
        self.classes.get(&key).map_or(&[], |lineage| &lineage.bases)
    }

    pub fn has_unknown_base(&self, key: ClassKey) -> bool {
        self.classes.get(&key).is_none_or(|lineage| lineage.unknown_base)
    }

    /// The class and its bases in the input, in the order of lookup.
    pub fn order(&self, key: ClassKey) -> &[ClassKey] {
        self.classes.get(&key).map_or(&[], |lineage| &lineage.order)
    }

    /// Dotted names of all bases outside of the input.
    pub fn outside(&self, key: ClassKey) -> &[SmolStr] {
        self.classes.get(&key).map_or(&[], |lineage| &lineage.outside)
    }

    /// The nearest definition of a member, and the file that it stands in.
    pub fn member<'a>(&self, names: &'a Names, key: ClassKey, member: &str) -> Option<(FileId, &'a Def)> {
        self.order(key).iter().find_map(|(file, number)| {
            let class = names.index(*file)?.classes.get(*number as usize)?;
            Some((*file, class.members.get(member)?))
        })
    }
}

/// Depth first, left to right, of a class that comes up again the last time only: what C3 gives for the hierarchies
/// that Python accepts, without failing on others.
fn order(classes: &HashMap<ClassKey, Lineage>, start: ClassKey) -> (Vec<ClassKey>, Vec<SmolStr>) {
    let mut met: Vec<ClassKey> = Vec::new();
    let mut outside: Vec<SmolStr> = Vec::new();
    let mut stack = vec![(start, 0)];
    while let Some((key, depth)) = stack.pop() {
        met.push(key);
        if met.len() >= MAX_STEPS || depth > 64 {
            continue;
        }
        let Some(lineage) = classes.get(&key) else { continue };
        for base in lineage.bases.iter().rev() {
            match base {
                Target::Class(file, number) if (*file, *number) != start => stack.push(((*file, *number), depth + 1)),
                _ => {}
            }
        }
        for base in &lineage.bases {
            if let Target::External(name) = base
                && !outside.contains(name)
            {
                outside.push(name.clone());
            }
        }
    }
    let mut last: HashMap<ClassKey, usize> = HashMap::new();
    for (at, key) in met.iter().enumerate() {
        last.insert(*key, at);
    }
    let order = met.iter().enumerate().filter(|(at, key)| last.get(key) == Some(at)).map(|(_, key)| *key).collect();
    (order, outside)
}

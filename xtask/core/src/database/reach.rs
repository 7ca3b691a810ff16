//! What a drop or an emptying takes along: what depends on it, inherits from it or points at it.

use super::sql::{Name, Object, Tie, TieKind};
use std::collections::{BTreeMap, BTreeSet};

/// Something that can be dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// As the database calls it: `table`, `partition`, `view`, `function` …
    pub kind: String,
    /// With its schema.
    pub name: Name,
    /// The column that it is.
    pub column: Option<String>,
}

/// What is known of how things hang together: as the database was asked, and as the plan ties them.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Whether a database was asked.
    is_asked: bool,
    /// Whether something ran since of which nobody can tell what it did.
    is_blurred: bool,
    /// What goes with what is dropped, by the latter.
    drops: BTreeMap<Node, BTreeSet<Node>>,
    /// What a relation is, where that is no plain table.
    kinds: BTreeMap<Name, String>,
    /// The tables that hang on a table, by the latter.
    ties: BTreeMap<(TieKind, Name), BTreeSet<Name>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Relation(Name),
    Column(Name, String),
    Other(String, Name),
}

/// What may be asked for by its name.
const KNOWN: [&str; 6] = ["function", "type", "schema", "extension", "collation", "language"];

impl Reach {
    /// As a database tells: what is dropped with what, and which tables hang on which.
    pub fn new(drops: impl IntoIterator<Item = [Part; 2]>, ties: Vec<Tie>) -> Self {
        let mut reach = Self { is_asked: true, ..Self::default() };
        for [of, on] in drops {
            let child = reach.node(on);
            // Who drops all of a table drops each of its columns.
            if of.column.is_some() {
                let whole = reach.node(Part { column: None, ..of.clone() });
                reach.drops.entry(whole).or_default().insert(child.clone());
            }
            let parent = reach.node(of);
            reach.drops.entry(parent).or_default().insert(child);
        }
        ties.into_iter().for_each(|tie| reach.tie(tie));
        reach
    }

    fn node(&mut self, part: Part) -> Node {
        let Part { kind, name, column } = part;
        let is_relation = matches!(
            kind.as_str(),
            "table" | "partition" | "view" | "materialized-view" | "foreign-table" | "sequence"
        );
        match column {
            Some(column) if matches!(kind.as_str(), "table" | "partition" | "foreign-table") => {
                Node::Column(name, column)
            }
            Some(column) => Node::Other(format!("{kind}.{column}"), name),
            None if is_relation => {
                if kind != "table" {
                    self.kinds.insert(name.clone(), kind);
                }
                Node::Relation(name)
            }
            None => Node::Other(kind, name),
        }
    }

    /// Notes what a statement hangs on what.
    pub(super) fn tie(&mut self, tie: Tie) {
        self.ties.entry((tie.kind, tie.parent)).or_default().insert(tie.child);
    }

    /// A partition or an heir that is one no more.
    pub(super) fn untie(&mut self, child: &Name, parent: &Name) {
        for kind in [TieKind::Part, TieKind::Inherits] {
            if let Some(children) = self.ties.get_mut(&(kind, parent.clone())) {
                children.remove(child);
            }
        }
        if let Some(children) = self.drops.get_mut(&Node::Relation(parent.clone())) {
            children.remove(&Node::Relation(child.clone()));
        }
    }

    /// From here on nobody can tell.
    pub(super) fn blur(&mut self) {
        self.is_blurred = true;
    }

    /// Everything that goes along with `object`, whose names are whole; with the cascade itself
    /// where it reaches what cannot be told.
    pub(super) fn along(&self, object: &Object, is_new: bool) -> Vec<Object> {
        use TieKind::{Deletes, Inherits, Part, References};
        match object {
            Object::Table(name) => self.tied(&[Part], name).map(|it| self.relation(it)).collect(),
            Object::Rows(name) => {
                self.tied(&[Part, Inherits, Deletes], name).map(Object::Rows).collect()
            }
            Object::Column(table, column) => self
                .tied(&[Part, Inherits], table)
                .map(|it| Object::Column(it, column.clone()))
                .collect(),
            Object::Cascade(inner) => {
                let mut reached: Vec<Object> = match inner.as_ref() {
                    Object::Rows(name) => {
                        self.tied(&[Part, Inherits, References], name).map(Object::Rows).collect()
                    }
                    inner => self.dropped(inner),
                };
                if !self.tells(inner, is_new && reached.is_empty()) {
                    reached.push(object.clone());
                }
                reached
            }
            Object::Retyped(..) | Object::Other(..) | Object::Code(_) => Vec::new(),
        }
    }

    fn tells(&self, object: &Object, is_free: bool) -> bool {
        let is_known = match object {
            Object::Other(kind, _) => KNOWN.contains(kind) || is_relation(kind),
            _ => true,
        };
        !self.is_blurred && is_known && (self.is_asked || is_free)
    }

    /// The tables that hang on one, on those, and so on.
    fn tied(&self, kinds: &[TieKind], name: &Name) -> impl Iterator<Item = Name> {
        let of = |it: &Name| {
            let ties = kinds.iter().filter_map(|kind| self.ties.get(&(*kind, it.clone())));
            ties.flatten().cloned().collect::<Vec<_>>()
        };
        closure(name, of).into_iter()
    }

    /// What a drop with CASCADE drops that holds data.
    fn dropped(&self, object: &Object) -> Vec<Object> {
        let root = match object {
            Object::Column(table, column) => Node::Column(table.clone(), column.clone()),
            Object::Other(kind, name) if !is_relation(kind) => {
                Node::Other((*kind).to_owned(), name.clone())
            }
            Object::Table(name) | Object::Rows(name) | Object::Other(_, name) => {
                Node::Relation(name.clone())
            }
            _ => return Vec::new(),
        };
        let nodes = closure(&root, |it| self.next(it));
        // Who drops a schema names all that is in it.
        let schema = match object {
            Object::Other("schema", name) => Some(&name.name),
            _ => None,
        };
        let is_inside = |name: &Name| schema.is_some() && name.schema.as_ref() == schema;
        let whole = |table: &Name| {
            let table = Node::Relation(table.clone());
            table == root || nodes.contains(&table)
        };
        let object = |node: &Node| match node {
            Node::Relation(name) if !is_inside(name) => Some(self.relation(name.clone())),
            Node::Column(table, column) if !is_inside(table) && !whole(table) => {
                Some(Object::Column(table.clone(), column.clone()))
            }
            _ => None,
        };
        let holds =
            |it: &Object| !matches!(it, Object::Other("view" | "sequence" | "partition", _));
        nodes.iter().filter_map(object).filter(holds).collect()
    }

    fn next(&self, node: &Node) -> Vec<Node> {
        let mut next: Vec<Node> = self.drops.get(node).into_iter().flatten().cloned().collect();
        if let Node::Relation(name) = node {
            for kind in [TieKind::Part, TieKind::Inherits] {
                let tied = self.ties.get(&(kind, name.clone())).into_iter().flatten();
                next.extend(tied.cloned().map(Node::Relation));
            }
        }
        next
    }

    fn relation(&self, name: Name) -> Object {
        match self.kinds.get(&name).map(String::as_str) {
            Some("materialized-view") => Object::Other("materialized-view", name),
            Some("foreign-table") => Object::Other("foreign-table", name),
            Some("view") => Object::Other("view", name),
            Some("sequence") => Object::Other("sequence", name),
            Some("partition") => Object::Other("partition", name),
            _ => Object::Table(name),
        }
    }

    /// Under `to` stands now what stood under `from`.
    pub(super) fn renamed(&mut self, from: &Name, to: &Name) {
        let named = |it: &Name| if it == from { to.clone() } else { it.clone() };
        let node = |it: &Node| match it {
            Node::Relation(name) => Node::Relation(named(name)),
            Node::Column(table, column) => Node::Column(named(table), column.clone()),
            Node::Other(..) => it.clone(),
        };
        let drops = std::mem::take(&mut self.drops).into_iter();
        self.drops = drops.map(|(of, on)| (node(&of), on.iter().map(node).collect())).collect();
        let ties = std::mem::take(&mut self.ties).into_iter();
        self.ties = ties
            .map(|((kind, of), on)| ((kind, named(&of)), on.iter().map(named).collect()))
            .collect();
        if let Some(kind) = self.kinds.remove(from) {
            self.kinds.insert(to.clone(), kind);
        }
    }
}

fn is_relation(kind: &str) -> bool {
    matches!(kind, "view" | "materialized-view" | "foreign-table" | "sequence")
}

/// Everything that can be come to from `start`, without it.
fn closure<T: Ord + Clone>(start: &T, next: impl Fn(&T) -> Vec<T>) -> BTreeSet<T> {
    let mut found = BTreeSet::new();
    let mut waiting = next(start);
    while let Some(one) = waiting.pop() {
        if one != *start && found.insert(one.clone()) {
            waiting.extend(next(&one));
        }
    }
    found
}

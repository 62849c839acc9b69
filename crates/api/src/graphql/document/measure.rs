//! How large a document is with its fragments spread out: each fragment is measured once.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// The size of a selection, fragments and all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    /// Fields and inline fragments.
    pub(super) fields: usize,
    /// Fields with an alias.
    pub(super) aliases: usize,
    /// Selections within selections.
    pub(super) levels: usize,
    /// Lists of fields within lists of fields, in questions about the schema.
    pub(super) introspection_lists: usize,
}

impl Measure {
    /// Beside each other: what is counted adds up, what is nested is as deep as the deeper.
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            levels: self.levels.max(other.levels),
            introspection_lists: self.introspection_lists.max(other.introspection_lists),
        }
    }

    fn one_level_down(self) -> Self {
        Self { levels: self.levels.saturating_add(1), ..self }
    }
}

/// A document has no size that could be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmeasurable {
    /// A fragment is part of itself.
    Circular,
    /// Selections lie in more selections than `levels_max`.
    TooDeep,
}

/// Measures the operations of a document.
///
/// Fragments that no operation names are measured too: validation looks at them.
pub(super) fn of(
    document: &ExecutableDocument,
    levels_max: usize,
) -> Result<Measure, Unmeasurable> {
    let mut measuring = Measuring { document, fragments: HashMap::new(), level: 0, levels_max };
    let mut total = Measure::default();
    for name in document.fragments.keys() {
        let unused = Measure { fields: 0, aliases: 0, ..measuring.fragment(name)? };
        total = total.beside(unused);
    }
    for (_, operation) in document.operations.iter() {
        total = total.beside(measuring.selections(&operation.node.selection_set.node)?);
    }
    if total.levels > levels_max { Err(Unmeasurable::TooDeep) } else { Ok(total) }
}

struct Measuring<'d> {
    document: &'d ExecutableDocument,
    /// Nothing yet for a fragment that is being measured.
    fragments: HashMap<&'d Name, Option<Measure>>,
    /// How many selections lie around the one that is being measured.
    level: usize,
    levels_max: usize,
}

impl<'d> Measuring<'d> {
    /// Recurses no deeper than `levels_max`.
    fn selections(&mut self, selections: &'d SelectionSet) -> Result<Measure, Unmeasurable> {
        if self.level > self.levels_max {
            return Err(Unmeasurable::TooDeep);
        }
        self.level += 1;
        let mut total = Measure::default();
        for selection in &selections.items {
            let measure = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let inner = self.selections(&field.selection_set.node)?;
                    let alias = usize::from(field.alias.is_some());
                    let list = usize::from(lists_the_schema(&field.name.node));
                    Measure {
                        fields: inner.fields.saturating_add(1),
                        aliases: inner.aliases.saturating_add(alias),
                        introspection_lists: inner.introspection_lists.saturating_add(list),
                        levels: inner.levels,
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let inner = self.selections(&fragment.node.selection_set.node)?;
                    Measure { fields: inner.fields.saturating_add(1), ..inner }
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node)?
                }
            };
            total = total.beside(measure.one_level_down());
        }
        self.level -= 1;
        Ok(total)
    }

    fn fragment(&mut self, name: &'d Name) -> Result<Measure, Unmeasurable> {
        if let Some(measured) = self.fragments.get(name) {
            return measured.ok_or(Unmeasurable::Circular);
        }
        // That there is no such fragment is for validation to say.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Measure { fields: 1, ..Measure::default() });
        };
        self.fragments.insert(name, None);
        let inner = self.selections(&fragment.node.selection_set.node)?;
        let measure = Measure { fields: inner.fields.saturating_add(1), ..inner };
        self.fragments.insert(name, Some(measure));
        Ok(measure)
    }
}

fn lists_the_schema(field: &str) -> bool {
    matches!(field, "fields" | "inputFields" | "interfaces" | "possibleTypes")
}

//! Every rule, one line each, in the order of their codes; and how a user names them.

use crate::model::Family;

use super::{
    Meta, Rule, aggregation, bulk, concurrency, index, migrations, n_plus_one, observed, over_fetching, pagination,
};

pub static RULES: &[&dyn Rule] = &[
    &n_plus_one::fk_in_loop::FkInLoop,
    &n_plus_one::reverse_in_loop::ReverseInLoop,
    &n_plus_one::reverse_o2o_or_gfk_in_loop::ReverseO2oOrGfkInLoop,
    &n_plus_one::fk_object_only_for_pk::FkObjectOnlyForPk,
    &n_plus_one::query_in_loop::QueryInLoop,
    &n_plus_one::loop_invariant_query::LoopInvariantQuery,
    &n_plus_one::helper_query_in_loop::HelperQueryInLoop,
    &n_plus_one::defeated_prefetch::DefeatedPrefetch,
    &n_plus_one::count_per_row::CountPerRow,
    &n_plus_one::deferred_column_in_loop::DeferredColumnInLoop,
    &n_plus_one::iterator_drops_prefetch::IteratorDropsPrefetch,
    &n_plus_one::render_n_plus_one::RenderNPlusOne,
    &n_plus_one::wrong_eager::WrongEager,
    &aggregation::mergeable_counts::MergeableCounts,
    &aggregation::python_aggregate::PythonAggregate,
    &aggregation::aggregate_none::AggregateNone,
    &aggregation::aggregate_over_joins::AggregateOverJoins,
    &aggregation::group_in_loop::GroupInLoop,
    &aggregation::duplicate_period::DuplicatePeriod,
    &over_fetching::existence_test::ExistenceTest,
    &over_fetching::test_then_evaluate::TestThenEvaluate,
    &over_fetching::whole_row_for_column::WholeRowForColumn,
    &over_fetching::duplicate_fetch::DuplicateFetch,
    &over_fetching::only_conflicts::OnlyConflicts,
    &over_fetching::materialised_id_list::MaterialisedIdList,
    &index::unindexed_filter::UnindexedFilter,
    &index::composite_index::CompositeIndex,
    &index::gfk_index::GfkIndex,
    &index::unindexed_ordering::UnindexedOrdering,
    &index::redundant_index::RedundantIndex,
    &index::index_cannot_serve::IndexCannotServe,
    &concurrency::cache_read_modify_write::CacheReadModifyWrite,
    &concurrency::counter_rmw::CounterRmw,
    &concurrency::full_save_overwrite::FullSaveOverwrite,
    &concurrency::check_then_create::CheckThenCreate,
    &concurrency::unlocked_state_change::UnlockedStateChange,
    &concurrency::lock_outside_atomic::LockOutsideAtomic,
    &concurrency::lock_absent_row::LockAbsentRow,
    &concurrency::lock_over_join::LockOverJoin,
    &concurrency::task_before_commit::TaskBeforeCommit,
    &concurrency::late_binding_callback::LateBindingCallback,
    &concurrency::integrityerror_in_atomic::IntegrityerrorInAtomic,
    &concurrency::shared_mutable_state::SharedMutableState,
    &concurrency::lock_order::LockOrder,
    &concurrency::sync_orm_in_async::SyncOrmInAsync,
    &bulk::create_in_loop::CreateInLoop,
    &bulk::save_in_loop::SaveInLoop,
    &bulk::uniform_update::UniformUpdate,
    &bulk::upsert_in_loop::UpsertInLoop,
    &bulk::bulk_misuse::BulkMisuse,
    &bulk::delete_in_loop::DeleteInLoop,
    &pagination::unbounded_result::UnboundedResult,
    &pagination::unordered_pagination::UnorderedPagination,
    &pagination::slice_after_load::SliceAfterLoad,
    &pagination::random_order::RandomOrder,
    &migrations::blocking_index::BlockingIndex,
    &migrations::change_during_deploy::ChangeDuringDeploy,
    &migrations::unbatched_run_python::UnbatchedRunPython,
    &observed::slow_query::SlowQuery,
    &observed::spill::Spill,
    &observed::misestimate::Misestimate,
    &observed::budget_missed::BudgetMissed,
    &observed::low_cache_hit_rate::LowCacheHitRate,
];

pub fn all() -> impl Iterator<Item = &'static dyn Rule> + Clone {
    RULES.iter().copied()
}

pub fn by_code(code: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.meta().code.eq_ignore_ascii_case(code))
}

pub fn by_name(name: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.meta().name == name)
}

/// Whether `word` is this rule's exact code, its name, or its family; never a prefix.
pub fn names(word: &str, meta: &Meta) -> bool {
    meta.code.eq_ignore_ascii_case(word) || meta.name == word || meta.family.as_str() == word
}

/// Whether a rule runs: selected (an empty selection is all) and not ignored.
pub fn selected(meta: &Meta, select: &[String], ignore: &[String]) -> bool {
    (select.is_empty() || select.iter().any(|word| names(word, meta))) && !ignore.iter().any(|word| names(word, meta))
}

/// The words of a selection that name no rule and no family.
pub fn unknown(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).filter(|word| !is_known(word)).collect()
}

/// Whether a word is a rule's exact code or name, or a family, also one without rules.
pub fn is_known(word: &str) -> bool {
    all().any(|rule| names(word, rule.meta())) || Family::ALL.iter().any(|family| family.as_str() == word)
}

/// What to say of a word that is not known.
pub fn expected(word: &str) -> String {
    format!("expected the exact code, name or family of a rule, found {word:?}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_rise_and_names_differ() {
        let codes: Vec<u32> = all().map(|rule| rule.meta().code[2..].parse().unwrap()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
        let names: HashSet<&str> = all().map(|rule| rule.meta().name).collect();
        assert_eq!(names.len(), codes.len());
    }

    #[test]
    fn a_rule_is_selected_by_code_name_or_family_and_not_by_a_prefix() {
        for rule in all() {
            let meta = rule.meta();
            for word in [meta.code, meta.name, meta.family.as_str()] {
                assert!(selected(meta, &[word.to_owned()], &[]));
                assert!(!selected(meta, &[], &[word.to_owned()]));
            }
            assert!(!selected(meta, &[meta.code[..4].to_owned()], &[]));
        }
    }
}

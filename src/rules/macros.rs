//! The one place where a rule's name, severity and documentation meet.

/// Declares a rule: a unit struct with its `META`, whose documentation is the doc comment itself. The macro stands once
/// in a rule's file:
///
/// ```text
/// rule! {
///     /// One sentence that says what is flagged.
///     ///
///     /// ## Why
///     /// ## Example
///     /// ## When not to
///     pub struct FkInLoop: "RT101", "fk-in-loop", NPlusOne, Warning, seeds: Blocker;
/// }
/// ```
///
/// `Info as hint` is one that is shown on request only; `seeds` is the severity under that preset, where it differs.
macro_rules! rule {
    (
        $(#[doc = $line:expr])+
        pub struct $rule:ident: $code:literal, $name:literal, $family:ident, $severity:ident $(as $hint:ident)? $(, seeds: $seeds:ident)?;
    ) => {
        $(#[doc = $line])+
        #[derive(Debug)]
        pub struct $rule;

        pub static META: $crate::rules::Meta = $crate::rules::Meta {
            code: $code,
            name: $name,
            family: $crate::model::Family::$family,
            severity: $crate::model::Severity::$severity,
            hint: $crate::rules::macros::rule!(@hint $($hint)?),
            seeds: $crate::rules::macros::rule!(@seeds $($seeds)?),
            docs: &[$($line),+],
        };
    };
    (@hint) => { false };
    (@hint hint) => { true };
    (@seeds) => { None };
    (@seeds $seeds:ident) => { Some($crate::model::Severity::$seeds) };
}

pub(crate) use rule;

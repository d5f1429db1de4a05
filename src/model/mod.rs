//! Plain data that every room speaks: places in files, loops and costs, findings, rewrites, and the report.
//!
//! Nothing here computes more than what its own data says, and nothing here knows another room.

mod comparison;
mod cost;
mod finding;
mod kinds;
mod place;
mod report;
mod rewrite;
mod seen;
mod tagged;

pub use comparison::{Comparison, EndpointChange, EndpointNumbers, QueryChange, QueryNumbers};
pub use cost::{Letters, LoopId, Over, Terms, Trip};
pub use finding::{Cost, Evidence, Finding, Loop, Term};
pub use kinds::{Confidence, Decision, Family, FindingSource, Kind, Orm, Safety, Severity, TokenClass};
pub use place::{FileId, Place, Site, Span};
pub use report::{
    Budget, Built, CodeLine, Endpoint, EndpointKind, Function, Input, InputError, LogQuery, Margin, Plan, Prediction,
    QueryRow, Report, Request, RuleName, Summary, VERSION,
};
pub use rewrite::{Edit, Rewrite};
pub use seen::{Measured, Seen, SeenFinding, SeenPlace, SeenSent, SeenShape, SeenWay};

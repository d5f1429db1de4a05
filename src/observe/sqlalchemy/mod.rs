//! SQLAlchemy: the echo of its engine, and what Flask-SQLAlchemy records.

mod echo;
mod message;
mod recorded;

pub(super) use echo::FORMAT as ECHO;
pub(super) use recorded::{FORMAT as RECORDED, location};

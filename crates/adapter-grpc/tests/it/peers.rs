//! Calls between members: delivered once, answered in time, or failed with what is certain.

mod delivery;
pub mod proxy;
pub mod ring;
mod roads;

//! Real processes, from outside. One ring at a time: each wants both cores of a small machine.

mod faults;
mod promises;
mod restart;
mod rig;
mod tour;
mod up;

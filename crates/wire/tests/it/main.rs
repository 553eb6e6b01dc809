//! What the bytes of this crate promise to other versions and to other members.
//!
//! Map: `golden` bytes written once decode for ever · `round_trip` what is written is read back · `noise` bytes from anywhere never
//! stop a process · `refusals` what is refused and how that is said · `samples` and `strategies` the values these are tried with.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod strategies;

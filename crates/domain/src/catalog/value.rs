//! What a decision's value looks like: the shapes that exist, and reading and printing one.
//!
//! A value has one text, in files, in tables and in hashes, and that text is read back as the same value. Which shape
//! a decision has is said by its [`super::Key`]; nothing here knows what a value is for. Integers only.

use std::fmt;

use crate::Cidr;

mod parse;

pub use parse::ValueError;

/// What one decision came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `on` or `off`.
    Flag(bool),
    /// A number of something.
    Number(u64, Unit),
    /// One of a closed list of words, or what a rule computed, such as an instance type.
    Word(String),
    /// Several words, in order; printed `none` when there is none.
    Words(Vec<String>),
    /// Address ranges, in order; printed `none` when there is none.
    Ranges(Vec<Cidr>),
    /// The least that a machine must have.
    Machine(Machine),
    /// What a machine must have, by the number of machines in the cluster.
    Steps(Vec<Step>),
    /// When maintenance may be done.
    Window(Window),
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things: `3`.
    Things,
    /// `40%`.
    Percent,
    /// Printed in the largest unit that divides it: `14d`, `36h`, `15m`, `90s`.
    Seconds,
    /// `100GiB`.
    Gibibytes,
    /// Bits of an address range's prefix: `/16`. A larger number is a smaller range.
    Prefix,
}

/// `2 vCPU 8 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    pub vcpus: u32,
    pub memory_gib: u32,
}

/// From so many machines in the cluster on: `from 50: 4 vCPU 16 GiB`. The first step of a list is from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub machines: u64,
    pub need: Machine,
}

/// When machines may be replaced and versions changed without hurry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// At any time: `any`.
    Any,
    /// Once a week, in UTC: `sunday 03:00 4h`.
    Weekly { day: Day, hour: u8, minute: u8, hours: u8 },
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Monday, "monday"),
        (Self::Tuesday, "tuesday"),
        (Self::Wednesday, "wednesday"),
        (Self::Thursday, "thursday"),
        (Self::Friday, "friday"),
        (Self::Saturday, "saturday"),
        (Self::Sunday, "sunday"),
    ];
}

/// Which values a decision can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Flag,
    /// From `min` to `max`, both included.
    Number {
        unit: Unit,
        min: u64,
        max: u64,
    },
    /// One of these.
    Word(&'static [&'static str]),
    /// Any of these, each at most once; any words at all when the list is empty.
    Words(&'static [&'static str]),
    Ranges,
    Machine,
    Steps,
    Window,
    /// Not given: worked out from other decisions.
    Computed,
}

impl Value {
    /// A number of things.
    pub fn count(number: u64) -> Self {
        Self::Number(number, Unit::Things)
    }

    /// The number, where the value is one: what limits compare.
    pub fn number(&self) -> Option<u64> {
        if let Self::Number(number, _) = self { Some(*number) } else { None }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => f.write_str("on"),
            Self::Flag(false) => f.write_str("off"),
            Self::Number(number, unit) => print_number(*number, *unit, f),
            Self::Word(word) => f.write_str(word),
            Self::Words(words) => print_list(words, f),
            Self::Ranges(ranges) => print_list(ranges, f),
            Self::Machine(machine) => machine.fmt(f),
            Self::Steps(steps) => print_steps(steps, f),
            Self::Window(window) => window.fmt(f),
        }
    }
}

fn print_number(number: u64, unit: Unit, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match unit {
        Unit::Things => write!(f, "{number}"),
        Unit::Percent => write!(f, "{number}%"),
        Unit::Gibibytes => write!(f, "{number}GiB"),
        Unit::Prefix => write!(f, "/{number}"),
        Unit::Seconds => {
            let (length, letter) = *parse::UNITS
                .iter()
                .find(|(length, _)| number > 0 && number.is_multiple_of(*length))
                .unwrap_or(&(1, 's'));
            write!(f, "{}{letter}", number / length)
        }
    }
}

fn print_list<T: fmt::Display>(items: &[T], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some((first, rest)) = items.split_first() else { return f.write_str("none") };
    write!(f, "{first}")?;
    rest.iter().try_for_each(|item| write!(f, ", {item}"))
}

fn print_steps(steps: &[Step], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    steps.iter().enumerate().try_for_each(|(place, step)| match place {
        0 => write!(f, "{}", step.need),
        _ => write!(f, "; from {}: {}", step.machines, step.need),
    })
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} vCPU {} GiB", self.vcpus, self.memory_gib)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Weekly { day, hour, minute, hours } => {
                let name = Day::ALL.iter().find(|(known, _)| known == day).map_or("", |(_, name)| *name);
                write!(f, "{name} {hour:02}:{minute:02} {hours}h")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("on or off"),
            Self::Number { unit, min, max } => {
                write!(f, "{} to {}", Value::Number(*min, *unit), Value::Number(*max, *unit))
            }
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
            Self::Words([]) => f.write_str("words of a-z, 0-9 and -, or none"),
            Self::Words(words) => write!(f, "any of {}, or none", words.join(", ")),
            Self::Ranges => f.write_str("address ranges such as 192.0.2.0/24, or none"),
            Self::Machine => f.write_str("a size such as 2 vCPU 8 GiB"),
            Self::Steps => f.write_str("rising sizes such as 2 vCPU 8 GiB; from 50: 4 vCPU 16 GiB"),
            Self::Window => f.write_str("any, or a day, a time in UTC and a length such as sunday 03:00 4h"),
            Self::Computed => f.write_str("nothing: it is worked out from other decisions"),
        }
    }
}

#[cfg(test)]
mod tests;

//! Reading a value's text, as a shape says it must be.

use super::{Day, Machine, Shape, Step, Unit, Value, Window};

/// Lengths of time in seconds and their letters, the longest first.
pub(super) const UNITS: [(u64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

/// Items of a list, steps of a size: more than anyone needs.
const ITEMS_MAX: usize = 64;

/// Text that is no value of the shape wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the value {input:?}: wanted {wanted}")]
pub struct ValueError {
    /// What was given, cut at 80 characters.
    pub input: String,
    pub wanted: Shape,
}

impl Shape {
    /// The value that `text` says.
    ///
    /// # Errors
    /// [`ValueError`] when the text is no value of this shape.
    pub fn read(self, text: &str) -> Result<Value, ValueError> {
        let value = match self {
            Self::Flag => flag(text),
            Self::Number { unit, .. } => number(text, unit).map(|number| Value::Number(number, unit)),
            Self::Word(_) => Some(Value::Word(text.to_owned())),
            Self::Words(_) => list(text, |item| Some(item.to_owned())).map(Value::Words),
            Self::Ranges => list(text, |item| item.parse().ok()).map(Value::Ranges),
            Self::Machine => machine(text).map(Value::Machine),
            Self::Steps => steps(text).map(Value::Steps),
            Self::Window => window(text).map(Value::Window),
            Self::Computed => None,
        };
        let error = || ValueError { input: text.chars().take(80).collect(), wanted: self };
        value.filter(|value| self.accepts(value)).ok_or_else(error)
    }

    /// Whether the value is one of this shape, within its limits.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag, Value::Flag(_)) | (Self::Machine, Value::Machine(_)) => true,
            (Self::Number { unit, min, max }, Value::Number(number, given)) => {
                unit == *given && (min..=max).contains(number)
            }
            (Self::Word(known), Value::Word(word)) => known.contains(&word.as_str()),
            (Self::Words(known), Value::Words(words)) => {
                let fits =
                    |word: &String| if known.is_empty() { is_word(word) } else { known.contains(&word.as_str()) };
                words.iter().all(fits) && is_set(words)
            }
            (Self::Ranges, Value::Ranges(ranges)) => is_set(ranges),
            (Self::Steps, Value::Steps(steps)) => {
                let rising = |pair: &[Step]| matches!(pair, [a, b] if a.machines < b.machines);
                steps.first().is_some_and(|step| step.machines == 0) && steps.windows(2).all(rising)
            }
            (Self::Window, Value::Window(window)) => match window {
                Window::Any => true,
                Window::Weekly { hour, minute, hours, .. } => *hour < 24 && *minute < 60 && (1..=24).contains(hours),
            },
            _ => false,
        }
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_set<T: PartialEq>(items: &[T]) -> bool {
    let repeated = |(place, item)| items.iter().skip(place + 1).any(|other| other == item);
    items.len() <= ITEMS_MAX && !items.iter().enumerate().any(repeated)
}

fn flag(text: &str) -> Option<Value> {
    match text {
        "on" => Some(Value::Flag(true)),
        "off" => Some(Value::Flag(false)),
        _ => None,
    }
}

/// Decimal digits only: no sign, no leading zero, so that a value has one text.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn number(text: &str, unit: Unit) -> Option<u64> {
    match unit {
        Unit::Things => digits(text),
        Unit::Percent => digits(text.strip_suffix('%')?),
        Unit::Gibibytes => digits(text.strip_suffix("GiB")?),
        Unit::Prefix => digits(text.strip_prefix('/')?),
        Unit::Seconds => {
            let (length, letter) = UNITS.iter().find(|(_, letter)| text.ends_with(*letter))?;
            digits::<u64>(text.strip_suffix(*letter)?)?.checked_mul(*length)
        }
    }
}

fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    if text == "none" {
        return Some(Vec::new());
    }
    text.split(", ").take(ITEMS_MAX + 1).map(item).collect()
}

fn machine(text: &str) -> Option<Machine> {
    let [vcpus, "vCPU", memory, "GiB"] = *text.split(' ').collect::<Vec<_>>() else { return None };
    Some(Machine { vcpus: digits(vcpus)?, memory_gib: digits(memory)? })
}

fn steps(text: &str) -> Option<Vec<Step>> {
    let (first, rest) = text.split_once("; ").map_or((text, None), |(first, rest)| (first, Some(rest)));
    let later = |step: &str| {
        let (machines, need) = step.strip_prefix("from ")?.split_once(": ")?;
        Some(Step { machines: digits(machines)?, need: machine(need)? })
    };
    let first = Some(Step { machines: 0, need: machine(first)? });
    let rest = rest.into_iter().flat_map(|rest| rest.split("; ").take(ITEMS_MAX)).map(later);
    std::iter::once(first).chain(rest).collect()
}

fn window(text: &str) -> Option<Window> {
    if text == "any" {
        return Some(Window::Any);
    }
    let [day, time, length] = *text.split(' ').collect::<Vec<_>>() else { return None };
    let (day, _) = Day::ALL.iter().find(|(_, name)| *name == day)?;
    let (hour, minute) = time.split_once(':').filter(|(hour, minute)| two_digits(hour) && two_digits(minute))?;
    let hours = digits(length.strip_suffix('h')?)?;
    Some(Window::Weekly { day: *day, hour: hour.parse().ok()?, minute: minute.parse().ok()?, hours })
}

fn two_digits(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

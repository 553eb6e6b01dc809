//! Gates: whether a region lets clusters into a project.
//!
//! A project is in the global log and its clusters are in the logs of regions, and no guard spans two logs. So what a
//! region's commands need of the project *for safety* is mirrored into the region's own log, as one row per project
//! that creations guard on. A deletion closes the gate in every region, then sees that no cluster is left, then says
//! so; a creation that was decided while the gate stood open, by whomever, conflicts with its closing.
//!
//! A gate is closed through a time: a project that is made again under the name is younger than that and finds the gate
//! open. Without a row it stands open for all. The time only rises, so a gate never opens again for a project that it
//! was closed for.

use ids::{Hlc, ProjectName, ResourceName, Subject};

use crate::{Context, FactKind, Gate, Project, Rejection, State, Txn, View, ViewError, command::CloseGate};

/// The row of a project's gate. In each region's log.
pub fn subject(project: &ProjectName) -> Subject {
    Subject::set_of(&ResourceName::Project(project.clone()), "gate")
}

/// Whether the gate is closed for `project`, without a guard.
///
/// # Errors
/// [`ViewError`] when the gate's row cannot be read.
pub fn is_closed(view: &dyn View, project: &Project) -> Result<bool, ViewError> {
    let gate = view.row::<Gate>(&subject(&project.name))?;
    Ok(gate.is_some_and(|(_, gate)| gate.holds_back(project.create_time)))
}

/// Closes the gate of a project that this leader's copy of the global log shows as DELETING. Nothing takes a deletion
/// back, so an older copy than the newest is as good.
pub fn close(txn: &mut Txn<'_>, command: &CloseGate, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.project;
    let row = ctx.global.row::<Project>(&Subject::resource(&name.clone().into()))?.map(|(_, row)| row);
    let Some(row) = row else {
        return Err(Rejection::NotFound { subject: Subject::resource(&name.clone().into()) });
    };
    if row.state != State::Deleting {
        return Err(Rejection::NotDeleting { project: name.clone(), state: row.state });
    }
    let subject = subject(name);
    match txn.get::<Gate>(&subject)? {
        Some((_, gate)) if gate.holds_back(row.create_time) => {
            Err(Rejection::GateAlreadyClosed { project: name.clone(), region: command.region.clone() })
        }
        Some(_) | None => {
            let gate = Gate { project: name.clone(), closed_through: row.create_time };
            txn.write(FactKind::GateClosed, subject, Some(gate.into()))
        }
    }
}

/// The gate stands open for `project`. Guards it.
pub fn check_open(txn: &mut Txn<'_>, project: &Project, wanted_by: &Subject) -> Result<(), Rejection> {
    match txn.get::<Gate>(&subject(&project.name))? {
        Some((_, gate)) if gate.holds_back(project.create_time) => Err(Rejection::ProjectNotActive {
            subject: wanted_by.clone(),
            project: project.name.clone(),
            state: Some(State::Deleting),
        }),
        Some(_) | None => Ok(()),
    }
}

impl Gate {
    /// Whether the gate is closed for a project that was made at `create_time`.
    fn holds_back(&self, create_time: Hlc) -> bool {
        create_time <= self.closed_through
    }
}
